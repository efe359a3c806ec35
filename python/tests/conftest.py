"""What the tests share: the command line program, media, the built-in model."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import lookhear

TOP = Path(__file__).resolve().parents[2]
# Debian's package tuxpaint-stamps-default: photos and sounds that everybody has.
STAMPS = Path("/usr/share/tuxpaint/stamps")
RATE = 48_000


def find_program():
    """The command line program: LOOKHEAR_BIN, or one on the PATH, or one that was built here."""
    named = os.environ.get("LOOKHEAR_BIN")
    built = [TOP / "target" / profile / "lookhear" for profile in ("debug", "release")]
    candidates = [named] if named else [shutil.which("lookhear"), *built]
    return next((str(path) for path in candidates if path and os.path.exists(path)), None)


@pytest.fixture(scope="session")
def program():
    """Runs the command line program; returns its standard output."""
    path = find_program()
    if path is None:
        pytest.skip("no lookhear program: build it (cargo build), or name one by LOOKHEAR_BIN")

    def run(*arguments):
        done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Weights and preprocessing of another commit would give other numbers.
    model = next(line for line in run("--version").splitlines() if line.startswith("model:"))
    if lookhear.Model(threads=1).hash not in model:
        pytest.skip(f"{path} has another model built in: {model}")
    return run


@pytest.fixture(scope="session")
def judged(program):
    """The events of `lookhear judge --json`."""

    def run(*arguments):
        return [json.loads(line) for line in program("judge", "--json", "--map", *arguments).splitlines()]

    return run


@pytest.fixture(scope="session")
def stamp():
    """The path of a photo or a sound, by its name."""
    if not STAMPS.exists():
        pytest.skip("no photos and sounds: install tuxpaint-stamps-default")
    return lambda name: str(STAMPS / name)


@pytest.fixture(scope="session")
def ffmpeg():
    """Makes a media file from lavfi sources."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg")

    def make(path, *sources, more=()):
        inputs = [argument for source in sources for argument in ("-f", "lavfi", "-i", source)]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *more, str(path)], check=True)
        return path

    return make


@pytest.fixture(scope="session")
def model():
    return lookhear.Model()


def chirp(seconds, rate=RATE):
    """A tone that rises, with an echo: float32, -1..1."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * (300 * t + 400 * t**2)) + 0.1 * np.sin(5000 * t**1.5)).astype(np.float32)


def picture(height=120, width=160):
    """A picture with a gradient and a bright block: uint8 [height, width, 3]."""
    y, x = np.mgrid[:height, :width]
    shown = np.stack([x % 256, y % 256, (x ^ y) % 256], axis=-1).astype(np.uint8)
    shown[height // 4 : height // 2, width // 4 : width // 2] = (240, 200, 30)
    return shown


def clips(ffmpeg, folder):
    """A small archive: two sounds and two videos of five seconds, one of them in a folder of its own."""
    (folder / "deep").mkdir(parents=True)
    for name, pitch in (("a.flac", 300), ("b.flac", 700)):
        ffmpeg(folder / name, f"aevalsrc=0.3*sin({pitch}*t+500*t*t):s=48000:d=5")
    for name, pitch in (("c.mp4", 440), ("deep/d.mp4", 990)):
        ffmpeg(folder / name, "testsrc=size=160x120:rate=10:duration=5", f"sine={pitch}:duration=5")
    return folder


def rows_of(folder):
    """Timestamps and embeddings of a folder of Parquet files, by source."""
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(folder, format="parquet").to_table()
    sources = np.array(table["source"].to_pylist())
    timestamps, embedding = table["timestamp"].to_numpy(), np.array(table["embedding"].to_pylist(), np.float32)
    return {str(name): (timestamps[sources == name], embedding[sources == name]) for name in np.unique(sources)}


def until(there, child=None, seconds=600):
    """Waits for something to be there, while a process goes on."""
    end = time.monotonic() + seconds
    while not (found := there()):
        assert child is None or child.poll() is None, "it has ended"
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return found
