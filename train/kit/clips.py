"""Packs moments of real clips, with what both teachers make of them.

    clips.py OUT.npz FOLDER --yamnet yamnet.tflite --photos PACKED

Up to ten moments of each .mp4: the frame (224 px, stretched) and the second around it; FOLDER's index.tsv (file, source,
original path, kind), if there is one, tells sources and kinds. PACKED: the folder that `photos.py` wrote.
"""

import argparse
import pathlib
import subprocess

import numpy as np
import onnxruntime
import torch

import yamnet
from lookhear_torch import spectrogram
from seconds import RATE, in_bytes, teacher_input

SIDE, TENTH, MOMENTS = 224, RATE // 10, 10


def ffmpeg(path, *arguments):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", *arguments, "-"]
    return subprocess.run(command, capture_output=True).stdout


def read(path):
    """Frames at ten a second, and the sound."""
    size = SIDE * SIDE * 3
    video = ["-map", "0:v:0", "-vf", f"fps=10:start_time=0,scale={SIDE}:{SIDE}", "-pix_fmt", "rgb24", "-f", "rawvideo"]
    frames = np.frombuffer(ffmpeg(path, *video), np.uint8)
    audio = ["-map", "0:a:0", "-af", f"aresample={RATE}:async=1:first_pts=0", "-ac", "1", "-f", "f32le"]
    sound = np.frombuffer(ffmpeg(path, *audio), np.float32)
    return frames[: len(frames) // size * size].reshape(-1, SIDE, SIDE, 3), sound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--yamnet", required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    see = onnxruntime.InferenceSession(str(asked.photos / "lite0.onnx"), providers=["CPUExecutionProvider"])
    hear = yamnet.session(asked.yamnet, str(asked.photos / "yamnet.onnx"))
    table, index = {}, asked.folder / "index.tsv"
    for line in open(index) if index.exists() else ():
        fields = line.rstrip("\n").split("\t")
        table[fields[0]] = (fields[1], fields[3] if len(fields) > 3 else "")
    frames, seconds, clips, names = [], [], [], []
    for path in sorted(asked.folder.glob("*.mp4")):
        video, sound = read(path)
        length = min(len(video), len(sound) // TENTH)
        if length < 10:
            continue
        count = min(MOMENTS, length // 10)
        for k in range(count):
            at = 5 + (length - 10) * (2 * k + 1) // (2 * count)
            second = sound[(at - 5) * TENTH :][:RATE]
            frames.append(video[at])
            seconds.append(np.pad(np.clip(second, -1, 1), (0, RATE - len(second))).astype(np.float32))
            clips.append(len(names))
        names.append((path.name, *table.get(path.name, (path.name, ""))))
    eyes, ears, spectra = [], [], []
    for begin in range(0, len(frames), 32):
        some = np.stack(seconds[begin : begin + 32])
        eyes.append(see.run(None, {"x": np.stack(frames[begin : begin + 32])})[0].mean((2, 3)).astype(np.float16))
        ears.append(hear.run(None, {"x": teacher_input(some)})[0].astype(np.float16))
        spectra.append(in_bytes(spectrogram(torch.from_numpy(some))))
    arrays = dict(eye=eyes, ear=ears, spec=spectra)
    arrays = {name: np.concatenate(parts) for name, parts in arrays.items()}
    np.savez(asked.out, frame=np.stack(frames), clip=np.array(clips), names=np.array(names), **arrays)
    print(f"{len(names)} clips, {len(frames)} moments")


main()
