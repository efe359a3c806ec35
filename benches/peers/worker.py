"""The measuring side of a worker process, and the check that nobody else used the machine meanwhile."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from statistics import median

# A measurement counts if other processes used no more than this share of the machine during it.
OTHERS_LIMIT = 0.06
# A measurement takes at least this long (ms): the system counts processor time in steps of 10 ms.
SHORTEST = 250
# No request takes this long (s) unless its worker hangs.
PATIENCE = 120


class WorkerError(Exception):
    """What went wrong with a worker, in one sentence."""


class Worker:
    """A contender's process: one line out, one line of JSON back."""

    def __init__(self, label, command, threads, log):
        self.label, self.log = label, Path(log)
        # OpenMP and BLAS count cores by themselves if they are not told.
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        command, pipe = [str(part) for part in command], subprocess.PIPE
        try:
            with open(log, "w") as errors:
                self.process = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=errors, text=True, env=environment
                )
        except OSError as error:
            raise WorkerError(f"{label} does not start: {error}") from None
        if (line := self._line()) != "ready":
            self.stop()
            raise WorkerError(f"{label} said {line!r} instead of `ready`{self._last_words()}")

    def _last_words(self):
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1]}" if lines else f"; see {self.log}"

    def _line(self):
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        line = self.process.stdout.readline().strip()
        timer.cancel()
        return line

    def ask(self, request):
        """The reply to one request."""
        try:
            self.process.stdin.write(f"{request}\n")
            self.process.stdin.flush()
            line = self._line()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(f"{self.label} ended at `{request}`{self._last_words()}")
        try:
            reply = json.loads(line)
        except ValueError:
            words = f"{self.label} answered `{request}` by {line[:80]!r}, which is not JSON"
            raise WorkerError(words) from None
        if "error" in reply:
            raise WorkerError(f"{self.label} failed at `{request}`: {reply['error']}")
        return reply

    def time(self, what, runs):
        """One short measurement: median ms, cores in use, the share of the machine that others used.

        The last two are None where there is no /proc.
        """
        # The previous contender's threads may still be about to fall asleep.
        time.sleep(0.03)
        # A first run finds cold caches and sleeping threads: it warms up and is not counted.
        [warm] = self.ask(f"time {what} 1")["ms"]
        runs = max(runs, round(SHORTEST / max(warm, 0.1)))
        before = Usage(self.process.pid)
        ms = self.ask(f"time {what} {runs}")["ms"]
        after = Usage(self.process.pid)
        if len(ms) != runs:
            raise WorkerError(f"{self.label} answered {len(ms)} of {runs} times")
        return median(ms), after.cores_since(before), after.others_since(before)

    def cpu_seconds(self):
        """Processor time so far; 0 where there is no /proc."""
        return process_seconds(self.process.pid) or 0.0

    def stop(self):
        """Asks it to end, and ends it if it does not."""
        try:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            self.process.wait(timeout=5)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class Usage:
    """Processor time of the whole machine, and of one worker and this program."""

    def __init__(self, pid):
        self.time, self.machine = time.monotonic(), machine_seconds()
        self.worker, own = process_seconds(pid), os.times()
        self.known = (self.worker or 0.0) + own.user + own.system

    def cores_since(self, before):
        """How many cores the worker kept busy: less than its threads if they waited for something."""
        if self.worker is None:
            return None
        return (self.worker - before.worker) / (self.time - before.time)

    def others_since(self, before):
        """The share of the machine that others used since then; None where /proc does not tell."""
        if self.machine is None:
            return None
        others = (self.machine - before.machine) - (self.known - before.known)
        return max(others, 0.0) / ((self.time - before.time) * os.cpu_count())


def machine_seconds():
    """Processor time that was not idle since boot, time stolen by other virtual machines included."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def process_seconds(pid):
    """Processor time of a process with all of its threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Cell:
    """All measurements of one thing by one contender."""

    def __init__(self):
        self.clean, self.disturbed, self.cores = [], [], []

    def add(self, ms, cores, others):
        """Files a measurement by how quiet the machine was."""
        self.cores += [] if cores is None else [cores]
        (self.clean if (others or 0.0) <= OTHERS_LIMIT else self.disturbed).append(ms)

    def summary(self, enough):
        """The median over the clean measurements; over all, and said so, if the clean are too few."""
        trusted = len(self.clean) >= enough
        values = self.clean if trusted else self.clean + self.disturbed
        return {
            "ms": median(values) if values else None,
            "cores": median(self.cores) if self.cores else None,
            "clean": len(self.clean),
            "disturbed": len(self.disturbed),
            "trusted": trusted,
        }
