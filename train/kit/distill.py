"""A tower learns its teacher's vectors.

    distill.py eye RUN --data PHOTOS --from BUNDLE [--steps N] [--side 112] [--lr 2e-3] [--minutes M]
    distill.py ear RUN --data SECONDS --from BUNDLE [--steps N] [--side 0] ...

The tower begins with the bundle's weights. RUN/checkpoint.pt is written every 250 steps and the same command goes on from
it; RUN/curve.csv is the curve. `--side`: pixels of the picture (224 is the program's), or 1 for the whole spectrogram
and 0 for its halves. `--bf16` is faster where the processor has it, `--device cuda` takes a GPU.
"""

import argparse
import glob
import math
import os
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from lookhear_torch import read_bundle
from net import RunningMean, Tower

KEPT = 6  # shards in memory


class Shards:
    """A few shards in memory, one of which is replaced now and then; the first is for validation."""

    def __init__(self, folder, names):
        self.folder, self.names, self.kept, self.rng = folder, names, [], random.Random()
        self.first = self.load(self.files()[0])
        self.fill()

    def files(self):
        return sorted(f for f in glob.glob(f"{self.folder}/*[0-9].npz"))

    def load(self, path):
        arrays = np.load(path)
        return path, {name: torch.from_numpy(arrays[name]) for name in self.names}

    def fill(self):
        have = {path for path, _ in self.kept}
        rest = [path for path in self.files()[1:] if path not in have]
        while len(self.kept) < KEPT and rest:
            self.kept.append(self.load(rest.pop(self.rng.randrange(len(rest)))))
        return rest

    def rotate(self):
        if self.fill():
            self.kept.pop(0)
            self.fill()

    def batch(self, count):
        chosen = [self.rng.choice(self.kept)[1] for _ in range(count)]
        rows = [self.rng.randrange(len(shard[self.names[0]])) for shard in chosen]
        return [torch.stack([shard[name][row] for shard, row in zip(chosen, rows)]) for name in self.names]

    def validation(self, count=1024, size=128):
        for begin in range(0, count, size):
            yield [self.first[1][name][begin : begin + size] for name in self.names]


def similar(x):
    """Log-odds of finding one of a batch by another."""
    x = F.normalize(x, dim=1)
    return x @ x.T / 0.1 - 1e4 * torch.eye(len(x), device=x.device)


def direction(guess, truth):
    """One minus the cosine, and how far the likenesses within the batch are from the teacher's."""
    cosine = (1 - F.cosine_similarity(guess, truth)).mean()
    likeness = F.kl_div(F.log_softmax(similar(guess), 1), F.softmax(similar(truth), 1), reduction="batchmean")
    return cosine, likeness


def pooled(maps):
    return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)


class Eye(nn.Module):
    """The tower that sees, with linear layers to the teacher's vector and to its map."""

    name, arrays = "vision", ("photo", "vec", "map")

    def __init__(self, table, asked):
        super().__init__()
        self.tower, self.side = Tower(table).to(memory_format=torch.channels_last), asked.side
        self.vector, self.places = nn.Linear(2 * self.tower.channels, 1280), nn.Conv2d(self.tower.channels, 96, 1)
        pca, classes = np.load(f"{asked.data}/pca.npz"), np.load(f"{asked.data}/classes.npz")
        self.register_buffer("spread", torch.tensor(np.sqrt(pca["w"]) / 24).float()[:, None, None])
        self.register_buffer("classes", torch.tensor(classes["weight"]))
        self.register_buffer("bias", torch.tensor(classes["bias"]))

    def standardize(self, shard):
        self.register_buffer("mean", shard["vec"].float().mean(0))
        self.register_buffer("deviation", shard["vec"].float().std(0) + 1e-3)

    def view(self, photo, vec, maps, train):
        """Random crops, mirrored, with other colours; the teacher's map is cropped alike."""
        x, maps = photo.permute(0, 3, 1, 2).float() / 127.5 - 1, maps.permute(0, 3, 1, 2).float() * self.spread
        if not train:
            return F.interpolate(x, (self.side, self.side), mode="bilinear"), vec, maps
        n, size = len(x), torch.rand(len(x), 2) * 0.3 + 0.7
        area = torch.zeros(n, 2, 3)
        area[:, 0, 0], area[:, 1, 1] = size[:, 0] * torch.where(torch.rand(n) < 0.5, -1.0, 1.0), size[:, 1]
        area[:, :, 2] = (torch.rand(n, 2) * 2 - 1) * (1 - size)
        area = area.to(x.device)
        grid = lambda side: F.affine_grid(area, (n, 1, side, side), align_corners=False)
        x = F.grid_sample(x, grid(self.side), align_corners=False, padding_mode="reflection")
        maps = F.grid_sample(maps, grid(7), align_corners=False, padding_mode="border")
        some = lambda low, high: torch.rand(n, 1, 1, 1, device=x.device) * (high - low) + low
        grey = x.mean(1, keepdim=True)
        x = ((grey + (x - grey) * some(0.7, 1.3)) * some(0.75, 1.25) + some(-0.2, 0.2)).clamp(-1, 1)
        noisy = torch.rand(n, device=x.device) < 0.3
        x[noisy] += torch.randn_like(x[noisy]) * 0.08
        return x.contiguous(memory_format=torch.channels_last), vec, maps

    def losses(self, y, vec, maps):
        guess, truth = self.vector(pooled(y)), (vec.float() - self.mean) / self.deviation
        cosine, likeness = direction(guess, truth)
        places = 1 - F.cosine_similarity(F.adaptive_avg_pool2d(self.places(y), 7), maps)
        scores = lambda v: v @ self.classes.T + self.bias
        teacher = F.softmax(scores(vec.float()), 1)
        student = F.log_softmax(scores(guess * self.deviation + self.mean), 1)
        names = F.kl_div(student, teacher, reduction="batchmean")
        return [(1.0, cosine), (0.3, likeness), (0.5, places.mean()), (0.1, names)]


class Ear(nn.Module):
    """The tower that hears, with linear layers to the teacher's vector and to its classes."""

    name, arrays = "audio", ("spec", "embedding", "logits")

    def __init__(self, table, asked):
        super().__init__()
        self.tower, self.whole = Tower(table), asked.side > 0
        self.vector, self.scores = nn.Linear(2 * self.tower.channels, 1024), nn.Linear(2 * self.tower.channels, 521)

    def standardize(self, shard):
        self.register_buffer("mean", shard["embedding"].float().mean(0))
        self.register_buffer("deviation", shard["embedding"].float().std(0) + 1e-2)

    def view(self, spec, embedding, logits, train):
        """Other levels (13 dB up or down), bands and moments taken out."""
        x = spec.float()[:, None] / 64
        if train:
            x = torch.where(x > 0, (x + torch.rand(len(x), 1, 1, 1, device=x.device) * 0.6 - 0.3).clamp_min(0), x)
            for one in x:
                if random.random() < 0.3:
                    width = random.randint(4, 24)
                    begin = random.randint(0, 257 - width)
                    one[:, begin : begin + width] = 0
                if random.random() < 0.2:
                    width = random.randint(4, 24)
                    begin = random.randint(0, 199 - width)
                    one[:, :, begin : begin + width] = 0
        return x if self.whole else F.avg_pool2d(x, 2), embedding, logits

    def losses(self, y, embedding, logits):
        both = pooled(y)
        cosine, likeness = direction(self.vector(both), (embedding.float() - self.mean) / self.deviation)
        truth = torch.sigmoid(logits.float())
        names = F.binary_cross_entropy_with_logits(self.scores(both), truth, reduction="none").sum(1).mean()
        return [(1.0, cosine), (0.3, likeness), (0.05, names)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tower", choices=["eye", "ear"])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--from", dest="bundle", required=True)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--side", type=int, default=None)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    asked = parser.parse_args()
    if asked.side is None:
        asked.side = 112 if asked.tower == "eye" else 0
    torch.set_num_threads(asked.threads)
    asked.run.mkdir(parents=True, exist_ok=True)
    kind = {"eye": Eye, "ear": Ear}[asked.tower]
    weights, manifest = read_bundle(asked.bundle)
    shards = Shards(asked.data, kind.arrays)
    student = kind(manifest["spec"][kind.name], asked)
    student.standardize(shards.first[1])
    student.tower.unfold(weights, kind.name, student.view(*shards.batch(128), True)[0])
    student.to(asked.device)
    mean = RunningMean(student)
    optimizer = torch.optim.AdamW(student.parameters(), lr=asked.lr, weight_decay=2e-2)
    step, path = 0, asked.run / "checkpoint.pt"
    if path.exists():
        saved = torch.load(path, map_location=asked.device)
        student.load_state_dict(saved["student"])
        mean.module.load_state_dict(saved["mean"])
        optimizer.load_state_dict(saved["optimizer"])
        step = mean.steps = saved["step"]

    def run(student, batch, train):
        x, *teacher = student.view(*[array.to(asked.device) for array in batch], train)
        with torch.autocast(torch.device(asked.device).type, torch.bfloat16, enabled=asked.bf16):
            y = student.tower(x)
        return student.losses(y.float(), *teacher)

    def save():
        state = dict(student=student.state_dict(), mean=mean.module.state_dict())
        torch.save(dict(state, optimizer=optimizer.state_dict(), step=step), f"{path}.half")
        os.replace(f"{path}.half", path)
        with torch.no_grad():
            cosines = [1 - run(mean.module, batch, False)[0][1].item() for batch in shards.validation()]
        print(f"step {step}: cosine on the validation side {np.mean(cosines):.4f}", flush=True)

    began, first, parts = time.time(), step, []
    while step < asked.steps and time.time() - began < 60 * asked.minutes:
        rate = asked.lr * min(1, (step + 1) / 300) * (0.5 + 0.5 * math.cos(math.pi * step / asked.steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        student.train()
        losses = run(student, shards.batch(asked.batch), True)
        optimizer.zero_grad()
        sum(weight * loss for weight, loss in losses).backward()
        nn.utils.clip_grad_norm_(student.tower.parameters(), 1.0)
        optimizer.step()
        mean.step(student)
        step += 1
        parts.append([loss.item() for _, loss in losses])
        if step % 25 == 0:
            shards.rotate()
        if step % 100 == 0:
            speed = asked.batch * (step - first) / (time.time() - began)
            figures = [f"{value:.4f}" for value in np.mean(parts, 0)]
            print(f"step {step}: {' '.join(figures)}, {speed:.0f} a second", flush=True)
            with open(asked.run / "curve.csv", "a") as curve:
                curve.write(",".join([str(step), *figures]) + "\n")
            parts = []
        if step % 250 == 0:
            save()
    save()


if __name__ == "__main__":
    main()
