"""Measures LookHear's towers against ncnn, ONNX Runtime and OpenVINO on the same weights.

All contenders run at once, each in its own process, but only one works at a time: every round
measures each of them briefly, in an order drawn anew, so that a machine that slows down or is
disturbed does so for all. See `report.py` for the goals.
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

import report
from peers import PEERS, TOWERS
from worker import Cell, Worker, WorkerError

HERE = Path(__file__).resolve().parent
# Clean measurements that a median needs.
ENOUGH = 3


class Contender:
    """One row: a worker, what it measures, and what came of it."""

    def __init__(self, runtime, precision, variant, command, wants):
        self.runtime, self.precision, self.variant = runtime, precision, variant
        self.label = " ".join(part for part in (runtime, precision, variant) if part)
        self.command, self.wants = command, wants
        self.cells = {what: Cell() for what in wants}
        self.worker, self.failure, self.facts = None, None, {}

    def attempt(self, action):
        """Does something with the worker; a failure is noted and takes the contender out of the race."""
        if self.failure is None:
            try:
                return action()
            except WorkerError as error:
                self.failure = str(error)
        return None

    def start(self, threads, out):
        log = out / f"{self.label.replace(' ', '-')}.log"
        self.worker = Worker(self.label, [*self.command, "--threads", threads], threads, log)

    def stop(self):
        if self.worker:
            self.worker.stop()

    def embeddings(self, samples):
        """`{tower: [sample, channel]}`."""

        def ask(tower, path):
            return self.worker.ask(f"embed {tower} {path}")["embedding"]

        return {t: np.array([ask(t, path) for path in samples[t]], np.float64) for t in TOWERS}

    def result(self):
        """Everything that is known, as plain data."""
        return {
            "runtime": self.runtime,
            "precision": self.precision,
            "variant": self.variant,
            "label": self.label,
            "failure": self.failure,
            "times": {what: cell.summary(ENOUGH) for what, cell in self.cells.items()},
            **self.facts,
        }


def contenders(args):
    """LookHear, the peers with all of their variants, and LookHear's small models."""

    def lookhear(name, model, wants, variant=""):
        command = [args.worker.resolve(), "--model", model.resolve(), "--engine", "int"]
        return Contender(name, "int8", variant, command, wants)

    rows = [lookhear("lookhear", args.model, (*TOWERS, *report.UPDATES))]
    for runtime, precision, variant in PEERS:
        command = [sys.executable, HERE / "peers.py", "--runtime", runtime, "--precision", precision]
        command += ["--variant", variant, "--models", args.out / "models"]
        rows.append(Contender(runtime, precision, variant, command, TOWERS))
    rows += [lookhear(report.SMALL, model, report.UPDATES, model.stem) for model in args.small]
    return rows


def agreement(label, embeddings, reference):
    """Per tower: cosine similarity to f32, and the largest error relative to the largest value."""
    facts = {}
    for tower, a in embeddings.items():
        b = reference[tower]
        if a.shape != b.shape:
            raise WorkerError(f"{label}: the {tower} embeddings' shape is {a.shape} instead of {b.shape}")
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        cosine = (a * b).sum(1) / np.maximum(norms, 1e-30)
        error = np.abs(a - b).max(1) / np.maximum(np.abs(b).max(1), 1e-30)
        facts[tower] = {
            "cosine_min": float(cosine.min()),
            "cosine_mean": float(cosine.mean()),
            "error_max": float(error.max()),
            "error_mean": float(error.mean()),
        }
    return facts


def compare(rows, samples):
    """Every contender's embeddings against those of ONNX Runtime in f32; warms everybody up besides."""
    towered = [row for row in rows if set(TOWERS) <= set(row.wants)]
    found = {row: row.attempt(lambda: row.embeddings(samples)) for row in towered}
    judge = next(row for row in rows if (row.runtime, row.precision) == ("onnxruntime", "f32"))
    if judge.failure:
        sys.exit(f"There is no reference to compare with: {judge.failure}.")
    for row, embeddings in found.items():
        if embeddings is not None:
            facts = row.attempt(lambda: agreement(row.label, embeddings, found[judge]))
            row.facts["agreement"] = facts
            row.facts["agrees"] = facts is not None and report.agrees(row.precision, facts)


def idle_share(rows):
    """The share of one core that all workers together use while none has anything to do."""

    def used():
        return sum(row.worker.cpu_seconds() for row in rows if not row.failure)

    time.sleep(0.1)
    before = used()
    time.sleep(1)
    return used() - before


def race(rows, args, rng, deadline):
    """Rounds until everything has enough clean measurements, twice the rounds are over, or the time is."""
    for number in range(2 * args.rounds):
        todo = [(row, what) for row in rows for what in row.wants]
        if number >= args.rounds:
            todo = [(row, what) for row, what in todo if len(row.cells[what].clean) < args.rounds]
        rng.shuffle(todo)
        for row, what in todo:
            if number > 0 and time.monotonic() > deadline:
                return
            if measured := row.attempt(lambda: row.worker.time(what, args.runs)):
                row.cells[what].add(*measured)


def insist(rows):
    """Ends the program if LookHear itself failed: there is nothing to compare the peers with."""
    for row in rows:
        if row.failure and row.runtime.startswith("lookhear"):
            sys.exit(f"{row.failure}.")


def session(threads, args, samples, rng, deadline):
    """Everything at one number of threads, as plain data."""
    rows = contenders(args)
    try:
        for row in rows:
            row.attempt(lambda: row.start(threads, args.out))
            insist(rows)
        compare(rows, samples)
        insist(rows)
        spinning = idle_share(rows)
        race(rows, args, rng, deadline)
        for row in rows:
            row.facts["memory"] = row.attempt(lambda: row.worker.ask("rss"))
        insist(rows)
        # Last, since measuring the machine's peak may take memory that inference does not.
        layers = rows[0].attempt(lambda: rows[0].worker.ask("layers"))
        insist(rows)
    finally:
        for row in rows:
            row.stop()
    return {
        "threads": threads,
        "idle_share": spinning,
        "contenders": [row.result() for row in rows],
        "layers": layers,
    }


def export(args):
    """Runs `export.py`; returns the samples per tower."""
    inputs = args.inputs or args.out / "inputs"
    command = [sys.executable, HERE / "export.py", "--model", args.model, "--out", args.out / "models"]
    command += ["--inputs", inputs] if args.inputs else ["--make-inputs", inputs]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    (args.out / "export.log").write_text(done.stdout)
    if done.returncode:
        lines = done.stdout.strip().splitlines()
        sys.exit(lines[-1] if lines else f"export.py ended with {done.returncode}.")
    return {t: sorted(inputs.resolve().glob(f"{t}_*.f32"))[: args.samples] for t in TOWERS}


def processor():
    """The processor's name, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="bundle with L3-Net's two towers")
    parser.add_argument("--worker", type=Path, required=True, help="LookHear's worker program")
    parser.add_argument(
        "--small", type=Path, nargs="*", default=[], help="bundles whose live updates per second are measured too"
    )
    parser.add_argument("--inputs", type=Path, help="folder of vision_*.f32 and audio_*.f32; else noise")
    parser.add_argument("--out", type=Path, required=True, help="folder for report.json and all the rest")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=6, help="measurements wanted of everything")
    parser.add_argument("--runs", type=int, default=5, help="least runs in a measurement")
    parser.add_argument("--samples", type=int, default=8, help="inputs per tower that are compared")
    parser.add_argument("--seconds", type=float, default=220, help="time for all thread counts together")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not args.worker.exists():
        sys.exit(f"{args.worker} is missing: build it with `make bench-peers`, which does the rest as well.")
    for path in filter(None, (args.model, *args.small, args.inputs)):
        if not path.exists():
            sys.exit(f"{path} is missing.")
    args.out.mkdir(parents=True, exist_ok=True)

    print("Exporting and quantizing ...", file=sys.stderr)
    samples, rng, sessions = export(args), random.Random(args.seed), []
    end = time.monotonic() + args.seconds
    for i, threads in enumerate(args.threads):
        print(f"Measuring with {threads} thread(s) ...", file=sys.stderr)
        # What one number of threads leaves over, the next ones may use.
        now = time.monotonic()
        deadline = now + (end - now) / (len(args.threads) - i)
        sessions.append(session(threads, args, samples, rng, deadline))
    result = {
        "processor": processor(),
        "versions": {name: version(name) for name in ("ncnn", "onnxruntime", "openvino", "nncf")},
        "samples": {tower: [path.name for path in files] for tower, files in samples.items()},
        "sessions": sessions,
        "goals": [goal for each in sessions for goal in report.goals(each)],
    }
    (args.out / "report.json").write_text(json.dumps(result, indent=1))
    print(report.text(result))


if __name__ == "__main__":
    main()
