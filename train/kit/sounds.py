"""Packs sounds: all of them in one file of 16-bit samples at 48 kHz mono, with a table.

    sounds.py OUT FOLDER [FOLDER ...] [--leave-out IDS.txt] [--limit N]

OUT.i16 and OUT.tsv (group, file, first sample, number of samples). A group is a folder with its parent's name: groups
are drawn evenly later on, however many files they have. `--leave-out`: Freesound ids, one a line; files with such a
number in their names are not read (those of ESC-50, which is for evaluation only).
"""

import argparse
import pathlib
import random
import re
import subprocess

import numpy as np
import soundfile
import soxr

RATE, LONGEST = 48_000, 30
ENDINGS = (".wav", ".mp3", ".ogg", ".flac", ".m4a", ".aif", ".aiff", ".opus")


def read(path):
    """48 kHz mono, the first 30 seconds."""
    try:
        rate = soundfile.info(str(path)).samplerate
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True, frames=LONGEST * rate)
        mono = samples.mean(1)
        return mono if rate == RATE else soxr.resample(mono, rate, RATE, quality="LQ")
    except soundfile.LibsndfileError:
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", "-t", str(LONGEST)]
        command += ["-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
        return np.frombuffer(subprocess.run(command, capture_output=True).stdout, np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--leave-out", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=10**9, help="at most so many files of a folder")
    asked = parser.parse_args()
    banned = set(asked.leave_out.read_text().split()) if asked.leave_out else set()
    rng, files = random.Random(3), []
    for folder in asked.folders:
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
        rng.shuffle(found)
        files += found[: asked.limit]
    files = [path for path in files if not banned & set(re.findall(r"\d{3,7}", path.name))]
    rng.shuffle(files)
    position, bad = 0, 0
    with open(f"{asked.out}.i16", "wb") as samples, open(f"{asked.out}.tsv", "w") as table:
        for count, path in enumerate(files):
            sound = read(path)
            if len(sound) < RATE // 20 or np.abs(sound).max() < 1e-4:
                bad += 1
                continue
            sound = sound / max(1.0, np.abs(sound).max())
            samples.write((sound * 32767).astype(np.int16).tobytes())
            group = f"{path.parent.parent.name}/{path.parent.name}"
            table.write(f"{group}\t{path}\t{position}\t{len(sound)}\n")
            position += len(sound)
            if count % 1000 == 0:
                print(f"{count} of {len(files)} files, {position / RATE / 3600:.1f} hours, {bad} left out", flush=True)
    print(f"{position / RATE / 3600:.1f} hours, {bad} files without sound")


if __name__ == "__main__":
    main()
