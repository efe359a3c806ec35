"""Training throughput of LookHear beside PyTorch: the same layer tables, losses, batches and threads.

Each round runs every contender once, in turn, so that whatever else the machine does hits all of them alike; the
table shows medians. Steps are taken on noise: no loader is involved.
"""

import argparse
import json
import os
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F


def tower(table):
    """Convolutions, batch norm and ReLU as the layer table says; `conv` without bias."""
    layers, channels = [], table["input"][0]
    for layer in table["layers"]:
        if layer == "max_pool":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            out, stride = layer["conv"]["channels"], layer["conv"]["stride"]
            layers += [nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            channels = out
    return nn.Sequential(*layers), channels


class Network(nn.Module):
    """Both towers and the heads that the table has."""

    def __init__(self, spec):
        super().__init__()
        self.vision, seen = tower(spec["vision"])
        self.audio, heard = tower(spec["audio"])
        self.spec = spec
        if spec["fusion"]:
            hidden = spec["fusion"]["hidden"]
            self.fc_seen, self.fc_heard = nn.Linear(seen, hidden), nn.Linear(heard, hidden, bias=False)
            self.fc2 = nn.Linear(hidden, 2)
        if spec.get("distance"):
            dims = spec["distance"]["dims"]
            side = lambda channels: nn.Sequential(nn.Linear(channels, dims), nn.ReLU(), nn.Linear(dims, dims))
            self.see, self.hear, self.fc = side(seen), side(heard), nn.Linear(1, 2)
        if spec["localization"]:
            head = spec["localization"]
            dims, norm = head["dims"], head["batch_norm"]

            def side(channels):
                layers = []
                for i, c in enumerate([channels, dims]):
                    layers.append(nn.Conv2d(c, dims, 1, bias=not norm))
                    if norm:
                        layers.append(nn.BatchNorm2d(dims))
                    if i == 0:
                        layers.append(nn.ReLU())
                return nn.Sequential(*layers)

            self.see, self.hear = side(seen), side(heard)
            self.scale, self.bias = nn.Parameter(torch.tensor(10.0).log()), nn.Parameter(torch.zeros(()))

    def loss(self, pictures, sounds):
        """Every picture with every sound, as `negatives = "batch"`."""
        n = len(pictures)
        targets = torch.eye(n)
        weights = targets / n / 2 + (1 - targets) / (n * n - n) / 2
        seen_map, heard_map = self.vision(pictures), self.audio(sounds)
        seen, heard = seen_map.amax((2, 3)), heard_map.amax((2, 3))
        logistic = lambda logits: (weights * (F.softplus(logits) - targets * logits)).sum()
        total = 0
        if self.spec["fusion"]:
            hidden = F.relu(self.fc_seen(seen)[:, None] + self.fc_heard(heard)[None])
            logits = self.fc2(hidden)
            total = total + logistic(logits[..., 1] - logits[..., 0])
        if self.spec.get("distance"):
            a, b = F.normalize(self.see(seen), dim=1), F.normalize(self.hear(heard), dim=1)
            logits = self.fc((2 - 2 * a @ b.T).clamp_min(1e-6).sqrt()[..., None])
            total = total + logistic(logits[..., 1] - logits[..., 0])
        if self.spec["localization"]:
            head = self.spec["localization"]
            places, sound = self.see(seen_map), self.hear(heard[..., None, None])[..., 0, 0]
            if head["normalize"]:
                places, sound = F.normalize(places, dim=1), F.normalize(sound, dim=1)
            similar = torch.einsum("ndp,md->nmp", places.flatten(2), sound)
            if head["pooling"] == "max":
                pooled = similar.amax(2)
            else:
                k = head["pooling"]["log_mean_exp"]["sharpness"]
                pooled = ((similar * k).logsumexp(2) - torch.log(torch.tensor(float(similar.shape[2])))) / k
            logits = pooled * self.scale.exp() + self.bias
            labels = torch.arange(n)
            total = total + logistic(logits) + (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
        return total


def pytorch(spec, batch, steps, half):
    """Pairs a second of PyTorch."""
    torch.manual_seed(1)
    network = Network(spec)
    adam = torch.optim.Adam(network.parameters(), lr=5e-4, weight_decay=1e-5)
    begin = time.perf_counter()
    for step in range(steps + 2):
        if step == 2:
            begin = time.perf_counter()
        pictures = torch.rand(batch, *spec["vision"]["input"]) * 2 - 1
        sounds = torch.rand(batch, *spec["audio"]["input"]) * 2 - 1
        if half:
            pictures, sounds = F.avg_pool2d(pictures, 2), F.avg_pool2d(sounds, 2)
        adam.zero_grad()
        network.loss(pictures, sounds).backward()
        for parameter in network.parameters():
            nn.utils.clip_grad_norm_(parameter, 1.0)
        adam.step()
    return steps * batch / (time.perf_counter() - begin)


def lookhear(binary, preset, batch, steps, half, device, threads):
    """What `lookhear-train throughput` prints."""
    command = [binary, "throughput", "--json", "--preset", preset, "--batch", str(batch), "--steps", str(steps)]
    command += ["--device", device] + (["--half"] if half else [])
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    return json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--devices", default="flex", help="of LookHear, with commas in between")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"PyTorch {torch.__version__}, {options.threads} threads, medians of {options.rounds} rounds, pairs/s\n")
    print(f"{'preset':<14}{'batch':>6}{'PyTorch':>10}", *(f"{d:>10}{'ratio':>7}" for d in options.devices.split(",")))
    for preset, batch, steps, half in [("edge", 32, 4, True), ("edge", 32, 2, False), ("l3", 2, 1, False), ("ave", 2, 1, False), ("avol", 2, 1, False)]:
        rates = {}
        for _ in range(options.rounds):
            for device in options.devices.split(","):
                found = lookhear(options.binary, preset, batch, steps, half, device, options.threads)
                rates.setdefault(device, []).append(found["pairs_per_second"])
            rates.setdefault("PyTorch", []).append(pytorch(found["spec"], batch, steps, half))
        medians = {name: statistics.median(values) for name, values in rates.items()}
        name = preset + (" (half)" if half else "")
        cells = (f"{medians[d]:>10.2f}{medians[d] / medians['PyTorch']:>7.2f}" for d in options.devices.split(","))
        print(f"{name:<14}{batch:>6}{medians['PyTorch']:>10.2f}", *cells, flush=True)


main()
