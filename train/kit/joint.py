"""Towers and heads learn together: from composed scenes, from real clips, and from what the teachers think.

    joint.py RUN --bundle BUNDLE --heads HEADS.safetensors --eye RUN --ear RUN --batches FOLDER --clips A.npz [B.npz ...]
             --judge C.npz --photos FOLDER --seconds FOLDER [--steps N] [--minutes M]

Goes on from the towers of `distill.py` and the heads of `heads.py`. Each step takes some scenes of a batch that
`lookhear-train pack` wrote, some moments of real clips, and photos and seconds with the teachers' vectors: the scenes
teach the place, the clips what real videos are like, the teachers what there is besides. RUN/checkpoint.pt is written
every 100 steps and the same command goes on from it; RUN/weights.safetensors is for `lookhear-train import`.
"""

import argparse
import glob
import math
import os
import pathlib
import random
import re
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

import opinion
from correspondence import four_moments, judge, loss, negatives
from distill import direction, pooled
from lookhear_torch import read_bundle
from net import Heads, RunningMean, Tower

SCENES, CLIPS, PHOTOS, SECONDS = 48, 16, 16, 24
QUIETER = 0.35  # of the spectrogram's logarithm: 15 dB


class Student(nn.Module):
    """Both towers, both heads, and the linear layers to the teachers' vectors."""

    def __init__(self, spec, asked):
        super().__init__()
        self.eye, self.ear = Tower(spec["vision"]), Tower(spec["audio"])
        self.heads = Heads(self.eye.channels, self.ear.channels)
        self.opinion = opinion.Opinion()
        for name, run in (("eye", asked.eye), ("ear", asked.ear)):
            saved = torch.load(run / "checkpoint.pt", map_location="cpu")["mean"]
            getattr(self, name).load_state_dict({k[6:]: v for k, v in saved.items() if k.startswith("tower.")})
            vector = nn.Linear(*reversed(saved["vector.weight"].shape))
            vector.load_state_dict({k: saved[f"vector.{k}"] for k in ("weight", "bias")})
            self.add_module(f"{name}_vector", vector)
            for k in ("mean", "deviation"):
                self.register_buffer(f"{name}_{k}", saved[k])
        self.to(memory_format=torch.channels_last)

    def see(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return self.eye((x / 127.5 - 1).contiguous(memory_format=torch.channels_last)).float()

    def hear(self, x):
        with torch.autocast("cpu", torch.bfloat16):
            return self.ear((x[:, None] / 64).contiguous(memory_format=torch.channels_last)).float()

    def kept(self, name, maps, vectors):
        """How far the tower has come from its teacher's vectors."""
        wanted = (vectors - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_deviation")
        return direction(getattr(self, f"{name}_vector")(pooled(maps)), wanted)[0]


def other_pictures(x):
    """Mirrored, cropped a little, with other colours. `[n, 3, h, w]` in bytes, as numbers."""
    n = len(x)
    size = torch.rand(n, 2) * 0.15 + 0.85
    area = torch.zeros(n, 2, 3)
    area[:, 0, 0], area[:, 1, 1] = size[:, 0] * torch.where(torch.rand(n) < 0.5, -1.0, 1.0), size[:, 1]
    area[:, :, 2] = (torch.rand(n, 2) * 2 - 1) * (1 - size)
    x = F.grid_sample(x, F.affine_grid(area, (n, 3, 224, 224), align_corners=False), align_corners=False)
    some = lambda low, high: torch.rand(n, 1, 1, 1) * (high - low) + low
    grey = x.mean(1, keepdim=True)
    return ((grey + (x - grey) * some(0.8, 1.2)) * some(0.8, 1.2) + some(-20, 20)).clamp(0, 255)


def other_sounds(x, others):
    """Other levels, bands taken out, half of them with another sound behind them."""
    x = torch.where(x > 0, (x + 64 * (torch.rand(len(x), 1, 1) * 0.5 - 0.25)).clamp_min(0), x)
    behind = (others - 64 * (QUIETER + torch.rand(len(x), 1, 1) * 0.5)).clamp_min(0)
    x = torch.where(torch.rand(len(x), 1, 1) < 0.5, torch.maximum(x, behind), x)
    for one in x:
        if random.random() < 0.3:
            width = random.randint(4, 24)
            begin = random.randint(0, 257 - width)
            one[begin : begin + width] = 0
    return x


def read_clips(path):
    """Pictures, spectrograms and the teachers' vectors of every clip's moments."""
    arrays = {name: torch.from_numpy(value) for name, value in np.load(path).items() if name != "names"}
    clips = []
    for k, (_, source, kind) in enumerate(np.load(path)["names"]):
        rows = torch.nonzero(arrays["clip"] == k)[:, 0]
        clip = {name: arrays[name][rows] for name in ("frame", "spec", "eye", "ear")}
        kind = kind if re.fullmatch("[a-z ,-]+", kind) else None
        clips.append(dict(clip, source=source, kind=kind, eye=clip["eye"].float(), ear=clip["ear"].float()))
    return clips


class Unlabelled:
    """A few shards of photos or seconds in memory, one of which is replaced now and then."""

    def __init__(self, folder, names):
        self.paths, self.names, self.kept = sorted(folder.glob("*[0-9].npz"))[1:], names, []
        for _ in range(3):
            self.rotate()

    def rotate(self):
        arrays = np.load(random.choice(self.paths))
        self.kept = [*self.kept[-2:], [torch.from_numpy(arrays[name]) for name in self.names]]

    def take(self, count):
        shard = random.choice(self.kept)
        rows = torch.randint(len(shard[0]), (count,))
        return [array[rows] for array in shard]


class Data:
    def __init__(self, asked):
        self.batches = sorted(glob.glob(f"{asked.batches}/*.safetensors"))
        self.clips = [clip for path in asked.clips for clip in read_clips(path)]
        self.photos = [Unlabelled(folder, ("photo", "vec")) for folder in asked.photos]
        self.seconds = Unlabelled(asked.seconds, ("spec", "embedding"))

    def step(self):
        """Pictures and sounds of scenes, clips and the unlabelled, one after another, and what is known of them."""
        batch = load_file(random.choice(self.batches))
        some = torch.randperm(len(batch["pictures"]))[:SCENES]
        clips = [self.clips[i] for i in torch.randperm(len(self.clips))[:CLIPS]]
        rows = [torch.randint(len(clip["frame"]), (1,)) for clip in clips]
        of = lambda name: torch.cat([clip[name][row] for clip, row in zip(clips, rows)])
        photos, eyes = random.choice(self.photos).take(PHOTOS)
        seconds, ears = self.seconds.take(SECONDS)
        whole = lambda x: F.interpolate(x.permute(0, 3, 1, 2).float(), (224, 224), mode="bilinear")
        pictures = torch.cat([batch["pictures"][some].float(), whole(of("frame")), whole(photos)])
        sounds = torch.cat([batch["sounds"][some], of("spec"), seconds]).float()
        noise = self.seconds.take(len(sounds))[0].float()
        plain = SCENES + CLIPS  # what the teachers heard stays as they heard it
        sounds = torch.cat([other_sounds(sounds[:plain], noise[:plain]), sounds[plain:]])
        targets = batch["targets"][some][:, some].float()
        return other_pictures(pictures), sounds, targets, clips, of("eye"), eyes.float(), ears.float()


def losses(student, teacher, step):
    pictures, sounds, targets, clips, clip_eyes, eyes, ears = step
    maps, heard = student.see(pictures), student.hear(sounds)
    parts = (SCENES, CLIPS, PHOTOS), (SCENES, CLIPS, SECONDS)
    (scene, clip, photo), (scene_ears, clip_ears, second_ears) = maps.split(parts[0]), heard.split(parts[1])
    vectors = lambda x: x.amax((2, 3))
    scenes = loss(student.heads(scene, vectors(scene_ears), 0.2), targets, torch.ones_like(targets))
    own = torch.eye(CLIPS)
    real = loss(student.heads(clip, vectors(clip_ears), 0.2), own, negatives(clips))
    with torch.no_grad():
        wanted = teacher.scale() * teacher.see(torch.cat([clip_eyes, eyes])) @ teacher.hear(ears).T
    thought = student.opinion(student.heads, maps[SCENES:], vectors(second_ears), wanted, 0.2)
    kept = student.kept("eye", maps[SCENES:], torch.cat([clip_eyes, eyes])) + student.kept("ear", second_ears, ears)
    return [(2.0, scenes), (1.0, real), (1.0, thought), (1.0, kept)]


@torch.no_grad()
def judged(student, clips):
    """`correspondence.judge` of clips that are not learned from."""
    rows = lambda name: torch.cat([clip[name][four_moments(len(clip[name]))] for clip in clips]).split(32)
    maps = torch.cat([student.see(x.permute(0, 3, 1, 2).float()) for x in rows("frame")])
    sounds = torch.cat([student.hear(x.float()).amax((2, 3)) for x in rows("spec")])
    return judge(student.heads, maps, sounds, clips)


def fold(student):
    """The running mean, for the bundle."""
    weights = student.eye.fold("vision") | student.ear.fold("audio") | student.heads.fold()
    return {name: tensor.contiguous() for name, tensor in weights.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--heads", required=True)
    parser.add_argument("--eye", type=pathlib.Path, required=True)
    parser.add_argument("--ear", type=pathlib.Path, required=True)
    parser.add_argument("--batches", required=True)
    parser.add_argument("--clips", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--judge", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--seconds", type=pathlib.Path, required=True)
    parser.add_argument("--audio-stride", type=int, choices=(1, 2), help="of the ear's second convolution; left out: the bundle's")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--still", type=int, default=0, help="first convolutions of both towers that stay as they are")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(1)
    asked.run.mkdir(parents=True, exist_ok=True)
    spec = read_bundle(asked.bundle)[1]["spec"]
    if asked.audio_stride:
        spec["audio"]["layers"][1]["conv"]["stride"] = asked.audio_stride
    data, held_out = Data(asked), read_clips(asked.judge)
    teacher = opinion.learn(data.clips, negatives, torch.cat([shard[1] for shard in data.photos[0].kept]).float())
    student = Student(spec, asked)
    for tower in (student.eye, student.ear):
        for layer in [*tower.convs[: asked.still], *tower.norms[: asked.still]]:
            layer.requires_grad_(False)
    path, step = asked.run / "checkpoint.pt", 0
    mean = RunningMean(student)
    optimizer = torch.optim.AdamW(student.parameters(), lr=asked.lr, weight_decay=2e-2)
    if path.exists():
        saved = torch.load(path)
        student.load_state_dict(saved["student"])
        mean.module.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        step = mean.steps = saved["step"]
    else:
        with torch.no_grad():
            pictures, sounds, *_ = data.step()
            student.heads.unfold(load_file(asked.heads), student.eval().see(pictures), student.hear(sounds).amax((2, 3)))
        mean = RunningMean(student)
    print(f"{len(data.batches)} batches, {len(data.clips)} clips; {judged(mean.module, held_out)}", flush=True)
    began, first, parts = time.time(), step, []
    while step < asked.steps and time.time() - began < 60 * asked.minutes:
        for group in optimizer.param_groups:
            group["lr"] = asked.lr * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / asked.steps))
        student.train()
        each = losses(student, teacher, data.step())
        optimizer.zero_grad()
        sum(weight * value for weight, value in each).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 3.0)
        optimizer.step()
        mean.step(student)
        step += 1
        parts.append([value.item() for _, value in each])
        if step % 20 == 0:
            random.choice([*data.photos, data.seconds]).rotate()
        if step % 100 == 0 or step == asked.steps:
            figures = ", ".join(f"{value:.3f}" for value in np.mean(parts, 0))
            spent = (time.time() - began) / (step - first)
            print(f"step {step}: {figures}; {judged(mean.module, held_out)}; {spent:.1f} s a step", flush=True)
            state = dict(student=student.state_dict(), mean=mean.module.state_dict(), optimizer=optimizer.state_dict())
            torch.save(dict(state, step=step), f"{path}.half")
            os.replace(f"{path}.half", path)
            save_file(fold(mean.module), asked.run / "weights.safetensors")
            parts = []


if __name__ == "__main__":
    main()
