"""What a station costs: four network cameras at once, and two hundred browsers that look on.

    bench.py --binary target/release/lookhear [--seconds 60] [--out report.json]

The cameras are files of the virtual studio, encoded as cameras do it (H.264, 640 x 480, 25 pictures a second, AAC) and served
by ffmpeg as MPEG-TS over TCP in real time, since it serves no RTSP. The browsers hold the page's event
streams open, from addresses of their own, and read what comes; the page serves some of them and refuses the rest. Each figure is of one run,
beside one without: nothing else should run meanwhile.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import resource
import selectors
import socket
import subprocess
import tempfile
import time

SOURCES = 4
BROWSERS = 200
PER_PEER = 25
TOKEN = "0123456789abcdef"


def processor():
    """The processor's name, for the report."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clip(binary, folder):
    """A minute of the studio as a camera would send it."""
    demo, camera = folder / "demo.mp4", folder / "camera.ts"
    subprocess.run([binary, "demo", "--json", "--scenes", "4", "--save", demo], check=True, capture_output=True)
    encode = "-c:v libx264 -preset veryfast -tune zerolatency -g 50 -r 25 -s 640x480 -pix_fmt yuv420p -c:a aac -ar 48000"
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", demo, "-t", "60", *encode.split(), camera]
    subprocess.run(command, check=True)
    return camera


def serve(camera, port):
    """The camera on a port, in real time, again and again."""
    loop = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", camera, "-c", "copy", "-f", "mpegts"]
    return subprocess.Popen([*loop, f"tcp://127.0.0.1:{port}?listen=1"], stderr=subprocess.DEVNULL)


def memory(pid):
    """Resident memory in MiB, and open descriptors."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kilobytes = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    return kilobytes / 1024, len(os.listdir(f"/proc/{pid}/fd"))


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(stats):
    """What `--stats` says: decisions and what was left out, a pair for each source; the latest latency line."""
    decisions = [(int(a), int(b)) for a, b in re.findall(r"(\d+) decisions in .*?, (\d+) left out", stats)]
    latency = [(float(a), float(b)) for a, b in re.findall(r"(?:latency|capture to decision)\D*([\d.]+) ms half.*?([\d.]+) ms at most", stats)]
    return decisions, latency


def station(binary, folder, settings, seconds, meanwhile=lambda pid: {}):
    """A run with these settings; what it told, its CPU seconds with its decoders, its memory near the end."""
    config = folder / "station.toml"
    config.write_text(settings)
    before = children_seconds()
    command = [binary, "live", "--headless", "--stats", "--config", config, "--seconds", str(seconds)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    more = meanwhile(run.pid)
    _, stats = run.communicate(timeout=seconds + 60)
    assert run.returncode == 0, stats
    decisions, latency = told(stats)
    left_out = sum(out for _, out in decisions)
    made = sum(count for count, _ in decisions)
    return {
        "decisions": made,
        "left_out_percent": 100 * left_out / max(1, made + left_out),
        "latency_ms_half_and_95": latency,
        "cpu_seconds_a_minute": (children_seconds() - before) * 60 / seconds,
        **more,
    }


def sources(binary, folder, seconds, count):
    """`count` cameras of the network, each with its own sound."""
    camera = folder / "camera.ts"
    ports = [free_port() for _ in range(count)]
    servers = [serve(camera, port) for port in ports]
    time.sleep(1)
    table = "[sources.camera{0}]\ncamera.name = 'tcp://127.0.0.1:{1}'\nmicrophone.name = 'tcp://127.0.0.1:{1}'\ndecisions.sleep = false\n"
    settings = "\n".join(table.format(n, port) for n, port in enumerate(ports))

    def look(pid):
        time.sleep(seconds * 0.8)
        megabytes, _ = memory(pid)
        return {"resident_mib": megabytes}

    try:
        return station(binary, folder, settings, seconds, look)
    finally:
        for server in servers:
            server.kill()
            server.wait()


def browsers(binary, folder, seconds, count):
    """The studio, with so many browsers that read its events."""
    port = free_port()
    settings = (
        "camera.name = 'studio'\nmicrophone.name = 'studio'\ndecisions.sleep = false\n"
        f"[publish.web]\naddress = '127.0.0.1:{port}'\ntoken = '{TOKEN}'\nview = true\nhealth = true\n"
    )

    def look(pid):
        time.sleep(3)
        waiting, read, served, asked = selectors.DefaultSelector(), 0, 0, []
        for n in range(count):
            browser = socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{2 + n // PER_PEER}", 0))
            browser.sendall(f"GET /events?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            browser.setblocking(False)
            waiting.register(browser, selectors.EVENT_READ)
            asked.append(browser)
        end = time.time() + seconds - 9
        while time.time() < end:
            for key, _ in waiting.select(timeout=0.5):
                part = key.fileobj.recv(65536)
                read += len(part)
                served += part.startswith(b"HTTP/1.1 200")
                if not part:
                    waiting.unregister(key.fileobj)
        _, descriptors = memory(pid)
        for browser in asked:
            browser.close()
        time.sleep(2)
        megabytes, left = memory(pid)
        return {"served": served, "megabytes_read": read / 1e6, "descriptors": descriptors, "descriptors_after": left, "resident_mib": megabytes}

    return station(binary, folder, settings, seconds, look)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--out", type=pathlib.Path)
    asked = parser.parse_args()
    report = {"processor": processor(), "cores": os.cpu_count(), "seconds": asked.seconds}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        clip(asked.binary, folder)
        for count in (1, SOURCES):
            report[f"{count} cameras"] = sources(asked.binary, folder, asked.seconds, count)
        for count in (0, BROWSERS):
            report[f"{count} browsers"] = browsers(asked.binary, folder, asked.seconds, count)
    text = json.dumps(report, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
