"""Asks a teacher about a folder: writes the Parquet file that `lookhear-train distill` learns from.

    vectors.py see  FOLDER OUT.parquet [--no-map]
    vectors.py hear FOLDER OUT.parquet --yamnet yamnet.tflite [--hop 1.0]

`see` asks EfficientNet-Lite0 about all pictures in the folder and its folders, and a frame a second of videos; `hear` asks
YAMNet about the seconds of all sounds and videos, of each the first half minute. Columns: `file` (relative to FOLDER), `time` (s; of
pictures none), `vector` and, of pictures, `map`. OUT.parts keeps what is done: a run that was stopped goes on with the same
command. What cannot be read is left out and counted.

Another teacher takes the place of `see` or `hear` below: a name, and a function from a batch to vectors and maps.
"""

import argparse
import hashlib
import os
import pathlib
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kit"))
import photos
import sounds

PART, GROUP, BATCH, SIDE = 1024, 32, 32, 224
VIDEOS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".ogv")


def see(work, asked):
    """Pictures, bytes `[n, 224, 224, 3]`, to vectors `[n, 1280]` and maps `[n, 7, 7, 1280]`."""
    ask = photos.teacher(work, asked.threads)

    def answer(pictures):
        maps = ask(pictures)
        return maps.mean((2, 3)), maps.transpose(0, 2, 3, 1)

    return "EfficientNet-Lite0 (ImageNet; Apache-2.0)", answer


def hear(work, asked):
    """Seconds at 48 kHz, `[n, 48000]`, to vectors `[n, 1024]`."""
    import yamnet
    from seconds import teacher_input

    session = yamnet.session(asked.yamnet, str(work / "yamnet.onnx"), asked.threads)
    ask = lambda seconds: session.run(["embedding"], {"x": teacher_input(seconds)})[0]
    return "YAMNet (AudioSet; Apache-2.0)", lambda seconds: (ask(seconds), None)


def pictures_of(path, _):
    """Of a picture, itself and no time; of a video, the frame that is shown at each full second."""
    if path.suffix.lower() in VIDEOS:
        frames = f"fps=1:start_time=0:round=up,scale={SIDE}:{SIDE}"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", "-map", "0:v:0", "-vf", frames]
        command += ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        found = subprocess.run(command, capture_output=True).stdout
        size = SIDE * SIDE * 3
        frames = np.frombuffer(found, np.uint8)[: len(found) // size * size].reshape(-1, SIDE, SIDE, 3)
        return [(float(t), frame) for t, frame in enumerate(frames)]
    picture = Image.open(path)
    picture.draft("RGB", (SIDE, SIDE))
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    return [(None, np.asarray(picture.resize((SIDE, SIDE), Image.BILINEAR, reducing_gap=2.0)))]


def seconds_of(path, hop):
    """Every second that is not silent; the last ones may be half silence."""
    sound, found = sounds.read(path), []
    for n in range(max(1, int((len(sound) / sounds.RATE - 0.5) / hop) + 1)):
        begin = round(n * hop * sounds.RATE)
        second = sound[begin : begin + sounds.RATE]
        if len(second) and np.abs(second).max() > 1e-4:
            found.append((begin / sounds.RATE, np.pad(second, (0, sounds.RATE - len(second)))))
    return found


def groups(items, size):
    return [items[begin : begin + size] for begin in range(0, len(items), size)]


def lists(rows):
    """Rows of numbers as a column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel(), pa.float32()), rows.shape[1])


class Reduction:
    """Maps of many channels to their principal components: those of the first part, of all parts alike."""

    def __init__(self, path):
        self.path, self.basis = path, dict(np.load(path)) if path.exists() else None

    def __call__(self, maps):
        if maps[0].shape[-1] <= photos.COMPONENTS:
            return np.concatenate(maps).astype(np.float32)
        if self.basis is None:
            self.basis = photos.components(np.concatenate(maps))
            half = self.path.with_suffix(".half.npz")
            np.savez(half, **self.basis)
            os.replace(half, self.path)
        reduced = lambda x: ((x.astype(np.float32) - self.basis["mu"]) / self.basis["sd"]) @ self.basis["v"]
        return np.concatenate([reduced(x) for x in maps])


def part(files, folder, examples_of, answer, reduction, pool):
    """What the teacher makes of some files, as a table; None if nothing of them can be read. And how many cannot."""
    names, times, vectors, maps, bad = [], [], [], [], 0

    def examples(path):
        try:
            return examples_of(path)
        except Exception:
            return []

    for group in groups(files, GROUP):
        found = list(pool.map(examples, group))
        bad += sum(not one for one in found)
        rows = [(path, *example) for path, one in zip(group, found) for example in one]
        for batch in groups(rows, BATCH):
            vector, places = answer(np.stack([example for _, _, example in batch]))
            vectors.append(vector.astype(np.float32))
            if places is not None and reduction:
                maps.append(places.astype(np.float16))
            names += [path.relative_to(folder).as_posix() for path, _, _ in batch]
            times += [t for _, t, _ in batch]
    if not names:
        return None, bad
    columns = dict(file=pa.array(names), time=pa.array(times, pa.float64()), vector=lists(np.concatenate(vectors)))
    if maps:
        columns["map"] = lists(reduction(maps).reshape(len(names), -1))
    metadata = {"map_side": str(maps[0].shape[1])} if maps else {}
    return pa.table(columns).replace_schema_metadata(metadata), bad


def write(tables, out, metadata):
    """Tables in order as one file, whole or not at all."""
    half, writer = out.with_name(f".{out.name}.half"), None
    for table in tables:
        schema = table.schema.with_metadata({**(table.schema.metadata or {}), **metadata})
        writer = writer or pq.ParquetWriter(half, schema, compression="snappy", use_dictionary=["file"])
        writer.write_table(table.cast(writer.schema))
    writer.close()
    os.replace(half, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sense", choices=["see", "hear"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--yamnet", help="yamnet.tflite of TensorFlow Hub")
    parser.add_argument("--hop", type=float, default=1.0, help="seconds from one second of sound to the next")
    parser.add_argument("--no-map", action="store_true", help="vectors alone: a fifth of the space")
    parser.add_argument("--limit", type=int, default=10**9, help="at most so many files, by chance")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    if asked.sense == "hear" and not asked.yamnet:
        parser.error("hear needs --yamnet FILE")
    if asked.out.exists():
        parser.error(f"{asked.out} is there already: give another name, or remove it")
    endings = VIDEOS + (photos.ENDINGS if asked.sense == "see" else sounds.ENDINGS)
    files = sorted(p for p in asked.folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    if not files:
        parser.error(f"{asked.folder} has no file whose name ends in {', '.join(endings)}")
    random.Random(7).shuffle(files)
    files, work = files[: asked.limit], asked.out.with_name(f"{asked.out.name}.parts")
    work.mkdir(parents=True, exist_ok=True)
    name, answer = {"see": see, "hear": hear}[asked.sense](work, asked)
    examples_of = {"see": pictures_of, "hear": seconds_of}[asked.sense]
    reduction = None if asked.no_map else Reduction(work / "components.npz")
    began, done, bad, parts = time.time(), 0, 0, []
    with ThreadPoolExecutor(asked.threads) as pool:
        for number, chunk in enumerate(groups(files, PART)):
            of = repr((name, asked.hop, asked.no_map, [str(path) for path in chunk]))
            target = work / f"{number:05d}-{hashlib.sha256(of.encode()).hexdigest()[:12]}.parquet"
            if not target.exists():
                once = lambda path: examples_of(path, asked.hop)
                table, unread = part(chunk, asked.folder, once, answer, reduction, pool)
                bad, done = bad + unread, done + len(chunk)
                if table is None:
                    continue
                write([table], target, {})
                speed = done / (time.time() - began)
                print(f"part {number + 1} of {-(-len(files) // PART)}: {speed:.1f} files a second", flush=True)
            parts.append(target)
    if not parts:
        sys.exit(f"none of the {len(files)} files can be read")
    write((pq.read_table(path) for path in parts), asked.out, {"teacher": name})
    for path in parts:
        path.unlink()
    rows = pq.read_metadata(asked.out).num_rows
    print(f"{asked.out}: {rows} rows of {len(files)} files; {bad} left out, which could not be read or are silent")


if __name__ == "__main__":
    main()
