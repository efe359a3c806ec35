"""Seconds of sound for the ear to learn from, mixed and disturbed anew, and what YAMNet makes of each.

    seconds.py OUT --sounds SOUNDS [SOUNDS ...] --yamnet yamnet.tflite [--shards N] [--seed S]

SOUNDS: what `sounds.py` packed, without its ending. Shards of 4,096 seconds: `spec` `[n, 257, 199]` (the program's
spectrogram, 64 steps a unit), `embedding` `[n, 1024]`, `logits` `[n, 521]`. The teacher hears the very mixture that the
student hears ("Knowledge distillation: A good teacher is patient and consistent", CVPR 2022), so there is no end of
examples. A run that was stopped goes on with the same command. Shard 0 of seed 1 is for validation.
"""

import argparse
import collections
import os
import pathlib
import random
import time

import numpy as np
import torch
from scipy.signal import lfilter, resample_poly

import yamnet
from lookhear_torch import spectrogram

RATE, SHARD, STEPS = 48_000, 4096, 64


def in_bytes(spectra):
    return (spectra * STEPS).round().clamp(0, 255).to(torch.uint8).numpy()


def teacher_input(seconds):
    """Seconds at 48 kHz to what YAMNet takes: the middle 0.975 s at 16 kHz."""
    return resample_poly(seconds, 1, 3, axis=1).astype(np.float32)[:, 200 : 200 + yamnet.SAMPLES]


class Sounds:
    """Packed sounds by group; a group's weight is the square root of its length."""

    def __init__(self, packs):
        self.groups, self.samples = collections.defaultdict(list), {}
        for pack in packs:
            self.samples[pack] = np.memmap(f"{pack}.i16", np.int16, "r")
            for line in open(f"{pack}.tsv"):
                group, _, first, count = line.rstrip("\n").split("\t")
                self.groups[group].append((pack, int(first), int(count)))
        self.names = sorted(self.groups)
        length = lambda name: sum(min(count, 10 * RATE) for _, _, count in self.groups[name])
        self.weights = [length(name) ** 0.5 for name in self.names]

    def second(self, rng):
        """A second of something: the loudest of three tries, half of them at another speed."""
        pack, first, count = rng.choice(self.groups[rng.choices(self.names, self.weights)[0]])
        samples = self.samples[pack]
        speed = rng.uniform(0.85, 1.18) if rng.random() < 0.5 else 1.0
        need = int(RATE * speed)
        if count <= need:
            return repeated(changed(samples[first : first + count], speed), rng)
        starts = [first + rng.randint(0, count - need) for _ in range(3)]
        loudness = lambda start: np.abs(samples[start : start + need : 16].astype(np.int32)).mean()
        return changed(samples[max(starts, key=loudness) :][:need], speed)


def changed(samples, speed):
    values = samples.astype(np.float32) / 32768
    positions = np.arange(min(RATE, int(len(values) / speed))) * speed
    return np.interp(positions, np.arange(len(values)), values).astype(np.float32)


def repeated(sound, rng):
    """Somewhere in silence; half of the short hits come again."""
    second, begin = np.zeros(RATE, np.float32), rng.randint(0, RATE - len(sound))
    gap = int(len(sound) + rng.uniform(0.02, 0.3) * RATE)
    again = len(sound) < RATE // 3 and rng.random() < 0.5
    while begin + len(sound) <= RATE:
        second[begin : begin + len(sound)] += sound
        if not again:
            break
        begin += gap
    return second


def noise(rng, numbers):
    """White, low or brown."""
    x, kind = numbers.standard_normal(RATE).astype(np.float32), rng.random()
    if kind < 0.4:
        x = lfilter([0.05], [1, -0.95], x).astype(np.float32) * 3
    elif kind < 0.6:
        x = np.cumsum(x).astype(np.float32)
        x -= np.linspace(x[0], x[-1], RATE)
        x /= np.abs(x).max() + 1e-6
    return x * 0.3


def level(x):
    return np.sqrt((x**2).mean()) + 1e-6


def mixture(sounds, rng, numbers):
    """One to three sounds, noise, a microphone's colour, a room, a level."""
    kind = rng.random()
    if kind < 0.01:  # as good as silence
        return (numbers.standard_normal(RATE) * 10 ** rng.uniform(-5, -3.5)).astype(np.float32)
    if kind < 0.03:
        y = noise(rng, numbers)
    else:
        y = np.zeros(RATE, np.float32)
        for i in range(rng.choices([1, 2, 3], [0.55, 0.32, 0.13])[0]):
            x = sounds.second(rng)
            y += x / level(x) * (1 if i == 0 else 10 ** (rng.uniform(-18, 3) / 20))
        if rng.random() < 0.35:
            x = noise(rng, numbers)
            y += x / level(x) * 10 ** (rng.uniform(-30, -3) / 20)
    if rng.random() < 0.35:
        pole = rng.uniform(0.02, 0.6)
        y = y + lfilter([pole], [1, pole - 1], y).astype(np.float32) * rng.uniform(-0.7, 2.0)
    if rng.random() < 0.25:
        length = int(rng.uniform(0.05, 0.4) * RATE)
        echo, late = np.zeros(length, np.float32), numbers.integers(50, length, 60)
        echo[late] = numbers.standard_normal(60) * 10 ** (-3 * late / length) * rng.uniform(0.1, 0.5)
        echo[0] = 1
        y = np.fft.irfft(np.fft.rfft(y, 2 * RATE) * np.fft.rfft(echo, 2 * RATE))[:RATE].astype(np.float32)
    return np.clip(y * 10 ** (rng.uniform(-38, -12) / 20) / level(y), -1, 1).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--sounds", nargs="+", required=True)
    parser.add_argument("--yamnet", required=True)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    hear = yamnet.session(asked.yamnet, str(asked.out / "yamnet.onnx"))
    sounds, began, done = Sounds(asked.sounds), time.time(), 0
    for k in range(asked.shards):
        target = asked.out / f"{asked.seed:02d}-{k:04d}.npz"
        if target.exists():
            continue
        seed = asked.seed * 100_003 + k
        rng, numbers = random.Random(seed), np.random.default_rng(seed)
        spectra, embeddings, logits = [], [], []
        for _ in range(0, SHARD, 32):
            seconds = np.stack([mixture(sounds, rng, numbers) for _ in range(32)])
            spectra.append(in_bytes(spectrogram(torch.from_numpy(seconds))))
            embedding, scores = hear.run(None, {"x": teacher_input(seconds)})
            embeddings.append(embedding.astype(np.float16))
            logits.append(scores.astype(np.float16))
        half = asked.out / f"{target.stem}.half.npz"
        arrays = dict(spec=spectra, embedding=embeddings, logits=logits)
        np.savez(half, **{name: np.concatenate(parts) for name, parts in arrays.items()})
        os.replace(half, target)
        done += SHARD
        print(f"{target.name}: {done / (time.time() - began):.1f} a second, {len(sounds.names)} groups", flush=True)


if __name__ == "__main__":
    main()
