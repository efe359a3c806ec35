"""Both heads learn correspondence on frozen towers, from class pairs and from real clips; then everything is written for
`lookhear-train import`.

    heads.py OUT.safetensors --bundle BUNDLE [--eye RUN] [--ear RUN] --batches FOLDER --clips A.npz [B.npz ...]
             --judge C.npz [--fold 0/4] [--cache FOLDER] [--photos FOLDER --seconds FOLDER [--shards N]]

`--bundle`: layer table, and the towers that `--eye` and `--ear` (runs of `distill.py`) do not replace. `--batches`: what
`lookhear-train pack` wrote. `--clips`, `--judge`: what `clips.py` packed. With `--fold`, clips of that part of the sources
are not learned from but judged (as by `lookhear-train eval clips --fold`), besides those of `--judge`, which never are.
`--photos`, `--seconds`: what `photos.py` and `seconds.py` packed; the heads then also learn what the teachers think of
photos with seconds (`opinion.py`). `--audio-stride 2`: the ear is that of the preset `edge-swift`, whatever the bundle's is.
"""

import argparse
import glob
import hashlib
import math
import os
import pathlib
import re

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import opinion
from correspondence import four_moments, judge, loss, negatives
from lookhear_torch import read_bundle
from net import Heads, RunningMean, Tower, fingerprint, folded_tower

PAIRS = 48  # pictures a step, of each kind of data
SECONDS = 64  # sounds that the teachers have an opinion of, at each step


def towers(asked):
    """Weights of both towers by the bundle's names, and the layer tables."""
    weights, manifest = read_bundle(asked.bundle)
    spec = manifest["spec"]
    if asked.audio_stride:
        spec["audio"]["layers"][1]["conv"]["stride"] = asked.audio_stride
    chosen = {k: v for k, v in weights.items() if k.split(".")[0] in ("vision", "audio")}
    for name, run in (("vision", asked.eye), ("audio", asked.ear)):
        if run:
            saved = torch.load(run / "checkpoint.pt", map_location="cpu")["mean"]
            tower = Tower(spec[name])
            tower.load_state_dict({k[6:]: v for k, v in saved.items() if k.startswith("tower.")})
            chosen |= tower.fold(name)
    return chosen, spec


class Features:
    """What the towers make of pictures `[n, 3, 224, 224]` and spectrograms `[n, 257, 199]`, kept on disk."""

    def __init__(self, weights, spec, cache):
        self.eye = folded_tower(weights, "vision", spec["vision"])
        self.ear = folded_tower(weights, "audio", spec["audio"])
        self.folder = cache / fingerprint(weights)
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, pictures, spectra):
        maps, sounds = [], []
        for i in range(0, len(pictures), 16):
            x = (pictures[i : i + 16].float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
            maps.append(self.eye(x).half())
            sounds.append(self.ear(spectra[i : i + 16].float()[:, None] / 64).amax((2, 3)))
        return torch.cat(maps).contiguous(), torch.cat(sounds)

    @torch.no_grad()
    def see(self, photos):
        """Photos `[n, h, w, 3]` in bytes, at the program's size."""
        maps = []
        for i in range(0, len(photos), 16):
            x = torch.from_numpy(photos[i : i + 16]).permute(0, 3, 1, 2).float() / 127.5 - 1
            x = F.interpolate(x, (224, 224), mode="bilinear", align_corners=False)
            with torch.autocast("cpu", torch.bfloat16):
                maps.append(self.eye(x.contiguous(memory_format=torch.channels_last)).half())
        return torch.cat(maps).contiguous()

    @torch.no_grad()
    def hear(self, spectra):
        sounds = []
        for i in range(0, len(spectra), 32):
            x = torch.from_numpy(spectra[i : i + 32]).float()[:, None] / 64
            with torch.autocast("cpu", torch.bfloat16):
                sounds.append(self.ear(x).float().amax((2, 3)))
        return torch.cat(sounds)

    def shards(self, folder, count, make):
        """The last shards of a folder: what the tower makes of them, and the file of each."""
        paths = sorted(path for path in folder.glob("*-*.npz" if make == "hear" else "0*.npz"))[-count:]
        field = dict(see="photo", hear="spec")[make]
        run = getattr(self, make)
        return [(self.kept(f"{make}-{path.stem}", lambda p=path: run(np.load(p)[field])), path) for path in paths]

    def kept(self, name, make):
        path = self.folder / f"{name}.pt"
        if not path.exists():
            torch.save(make(), f"{path}.half")
            os.replace(f"{path}.half", path)
        return torch.load(path)

    def batch(self, path):
        def make():
            batch = load_file(path)
            return *self.run(batch["pictures"], batch["sounds"]), batch["targets"]

        return self.kept(pathlib.Path(path).stem, make)

    def clips(self, path):
        """A list of clips: maps and sounds of its moments, source, kind."""
        arrays = np.load(path)
        pictures = torch.from_numpy(arrays["frame"]).permute(0, 3, 1, 2)
        maps, sounds = self.kept(path.stem, lambda: self.run(pictures, torch.from_numpy(arrays["spec"])))
        clips = []
        for k, (_, source, kind) in enumerate(arrays["names"]):
            rows = torch.from_numpy(np.flatnonzero(arrays["clip"] == k))
            kind = kind if re.fullmatch("[a-z ,-]+", kind) else None
            teachers = {name: torch.from_numpy(arrays[name][rows.numpy()]).float() for name in ("eye", "ear")}
            clips.append(dict(maps=maps[rows], sounds=sounds[rows], source=source, kind=kind, **teachers))
        return clips


def some_clips(clips):
    chosen = [clips[i] for i in torch.randperm(len(clips))[:PAIRS]]
    rows = [torch.randint(len(clip["maps"]), (1,)) for clip in chosen]
    maps = torch.cat([clip["maps"][row] for clip, row in zip(chosen, rows)])
    sounds = torch.cat([clip["sounds"][row] for clip, row in zip(chosen, rows)])
    return maps, sounds, torch.eye(len(chosen)), negatives(chosen)


def judged_by(heads, clips):
    """`correspondence.judge` of clips whose features are known."""
    rows = lambda name: torch.cat([clip[name][four_moments(len(clip[name]))] for clip in clips])
    return judge(heads, rows("maps"), rows("sounds"), clips)


class Opinions:
    """Photos and seconds without labels, with what the teachers think of them together."""

    def __init__(self, asked, features, clips):
        photos = features.shards(asked.photos, asked.shards, "see")
        seconds = features.shards(asked.seconds, asked.shards, "hear")
        self.maps, self.sounds = [maps for maps, _ in photos], torch.cat([sounds for sounds, _ in seconds])
        vectors = torch.cat([torch.from_numpy(np.load(path)["vec"]).float() for _, path in photos])
        heard = torch.cat([torch.from_numpy(np.load(path)["embedding"]).float() for _, path in seconds])
        teacher = opinion.learn(clips, negatives, vectors)
        with torch.no_grad():
            self.seen, self.heard, self.scale = teacher.see(vectors), teacher.hear(heard), teacher.scale().item()
        self.length, self.loss = len(self.maps[0]), opinion.Opinion()

    def step(self, heads, dropout):
        i, j = torch.randint(len(self.seen), (PAIRS,)), torch.randint(len(self.heard), (SECONDS,))
        maps = torch.stack([self.maps[k // self.length][k % self.length] for k in i.tolist()])
        return self.loss(heads, maps, self.sounds[j], self.scale * self.seen[i] @ self.heard[j].T, dropout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--eye", type=pathlib.Path)
    parser.add_argument("--ear", type=pathlib.Path)
    parser.add_argument("--batches", required=True)
    parser.add_argument("--clips", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--judge", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--fold")
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--clip-weight", type=float, default=1.0)
    parser.add_argument("--batch-weight", type=float, default=1.0)
    parser.add_argument("--photos", type=pathlib.Path)
    parser.add_argument("--seconds", type=pathlib.Path)
    parser.add_argument("--shards", type=int, default=6)
    parser.add_argument("--audio-stride", type=int, choices=(1, 2), help="of the ear's second convolution; left out: the bundle's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    weights, spec = towers(asked)
    features = Features(weights, spec, asked.cache)
    batches = [features.batch(path) for path in sorted(glob.glob(f"{asked.batches}/*.safetensors"))]
    learned = [clip for path in asked.clips for clip in features.clips(path)]
    judged = [clip for path in asked.judge for clip in features.clips(path)]
    if asked.fold:
        part, of = map(int, asked.fold.split("/"))
        held_out = lambda clip: hashlib.sha256(clip["source"].encode()).digest()[0] % of == part
        judged += [clip for clip in learned if held_out(clip)]
        learned = [clip for clip in learned if not held_out(clip)]
    print(f"{len(batches)} batches, {len(learned)} clips to learn from, {len(judged)} to judge", flush=True)
    heads = Heads(batches[0][0].shape[1], batches[0][1].shape[1])
    mean = RunningMean(heads)
    opinions = Opinions(asked, features, learned) if asked.photos and asked.seconds else None
    parameters = [*heads.parameters(), *(opinions.loss.parameters() if opinions else ())]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=5e-2)
    for step in range(asked.steps):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / asked.steps))
        maps, sounds, targets = batches[step % len(batches)]
        some = torch.randperm(len(maps))[:PAIRS]
        targets = targets.float()[some][:, some]
        outputs = heads(maps[some], sounds[some], asked.dropout)
        total = asked.batch_weight * loss(outputs, targets, torch.ones_like(targets))
        maps, sounds, targets, counts = some_clips(learned)
        total = total + asked.clip_weight * loss(heads(maps, sounds, asked.dropout), targets, counts)
        if opinions:
            total = total + opinions.step(heads, asked.dropout)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        mean.step(heads)
        if (step + 1) % 500 == 0:
            print(f"step {step + 1}: loss {total.item():.3f}; {judged_by(mean.module, judged)}", flush=True)
    save_file({k: v.contiguous() for k, v in (weights | mean.module.fold()).items()}, asked.out)


main()
