"""The towers and heads of a bundle's layer table as they learn here, and their weights by the bundle's names.

The table is read from a bundle, so the shapes are those of the program. A bundle's weights have batch norm folded in;
`Tower.unfold` puts one behind every convolution again, `Tower.fold` takes it out. `lookhear_torch.py` has the network
itself, for whoever wants no more than that.
"""

import copy
import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import lookhear_torch


def fingerprint(weights):
    """Names a set of weights."""
    parts = (tensor.contiguous().numpy().tobytes() for _, tensor in sorted(weights.items()))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


class Tower(nn.Module):
    """3x3 convolutions with batch norm and ReLU, 2x2 maxima: `[n, c, h, w]` to the activation map."""

    def __init__(self, table):
        super().__init__()
        self.convs, self.norms, self.pools = nn.ModuleList(), nn.ModuleList(), []
        channels = table["input"][0]
        for layer in table["layers"]:
            if layer == "max_pool":
                self.pools[-1] = True
                continue
            width, stride = layer["conv"]["channels"], layer["conv"]["stride"]
            self.convs.append(nn.Conv2d(channels, width, 3, stride, 1, bias=False))
            self.norms.append(nn.BatchNorm2d(width))
            self.pools.append(False)
            nn.init.kaiming_normal_(self.convs[-1].weight)
            channels = width
        self.channels = channels

    def forward(self, x):
        for conv, norm, pool in zip(self.convs, self.norms, self.pools):
            x = F.relu(norm(conv(x)), inplace=True)
            x = F.max_pool2d(x, 2) if pool else x
        return x

    @torch.no_grad()
    def unfold(self, weights, name, x):
        """Takes over folded weights; for the batch `x`, batch norm leaves every output as it was."""
        for i, (conv, norm, pool) in enumerate(zip(self.convs, self.norms, self.pools)):
            conv.weight.copy_(weights[f"{name}.convs.{i}.conv.weight"])
            bias, y = weights[f"{name}.convs.{i}.conv.bias"], conv(x)
            mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(bias + mean)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            x = F.relu(y + bias[:, None, None])
            x = F.max_pool2d(x, 2) if pool else x

    @torch.no_grad()
    def fold(self, name):
        """Weights for inference, by the bundle's names."""
        out = {}
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            out[f"{name}.convs.{i}.conv.weight"] = (conv.weight * gain[:, None, None, None]).contiguous()
            out[f"{name}.convs.{i}.conv.bias"] = (norm.bias - norm.running_mean * gain).contiguous()
        return out


def folded_tower(weights, name, table):
    """A tower for inference, of weights by the bundle's names."""
    tower = lookhear_torch.Tower(table)
    tower.load_state_dict({k.removeprefix(f"{name}."): v for k, v in weights.items() if k.startswith(f"{name}.")})
    return tower.eval().requires_grad_(False).to(memory_format=torch.channels_last)


class Heads(nn.Module):
    """AVOL-Net's localization head and L3-Net's fusion head, on maps `[n, c, h, w]` and sounds' embeddings `[m, c']`."""

    SHARPNESS = 8.0

    def __init__(self, seen, heard, dims=128, hidden=128):
        super().__init__()
        side = lambda c: nn.ModuleList(
            [nn.Linear(c, dims), nn.BatchNorm1d(dims), nn.Linear(dims, dims), nn.BatchNorm1d(dims)]
        )
        self.vision, self.audio = side(seen), side(heard)
        self.log_scale, self.bias = nn.Parameter(torch.tensor([np.log(10.0)]).float()), nn.Parameter(torch.zeros(1))
        self.fc1, self.fc2, self.seen = nn.Linear(seen + heard, hidden), nn.Linear(hidden, 2), seen

    @staticmethod
    def project(side, x):
        first, norm1, second, norm2 = side
        y = norm2(second(F.relu(norm1(first(x.reshape(-1, x.shape[-1]))))))
        y = y / (y.square().sum(1, keepdim=True) + 1e-6).sqrt()
        return y.reshape(*x.shape[:-1], -1)

    def forward(self, maps, sounds, dropout=0.0):
        """Logits of both heads for every picture with every sound, `[n, m]` each."""
        places = maps.float().flatten(2).transpose(1, 2)
        if dropout:
            keep = lambda *shape: (torch.rand(*shape) > dropout) / (1 - dropout)
            places = places * keep(len(places), 1, places.shape[2])
            sounds = sounds * keep(*sounds.shape)
        pooled = places.amax(1)
        similar = torch.einsum("npd,md->nmp", self.project(self.vision, places), self.project(self.audio, sounds))
        largest = similar.amax(2, keepdim=True)
        rest = ((similar - largest) * self.SHARPNESS).exp().mean(2).log() / self.SHARPNESS
        localization = (rest + largest[..., 0]) * self.log_scale.exp() + self.bias
        seen, heard = self.fc1.weight[:, : self.seen], self.fc1.weight[:, self.seen :]
        hidden = F.relu((pooled @ seen.T)[:, None] + (sounds @ heard.T)[None] + self.fc1.bias)
        fusion = self.fc2(hidden)
        return localization, fusion[..., 1] - fusion[..., 0]

    @torch.no_grad()
    def unfold(self, weights, maps, sounds):
        """Takes over folded weights; batch norm's statistics are those of these maps and sounds."""
        for name, side, x in (("vision", self.vision, maps.flatten(2).transpose(1, 2)), ("audio", self.audio, sounds)):
            x = x.reshape(-1, x.shape[-1])
            for i in (0, 1):
                linear, norm, of = side[2 * i], side[2 * i + 1], f"localization.{name}.{i}.conv"
                linear.weight.copy_(weights[f"{of}.weight"][:, :, 0, 0])
                linear.bias.copy_(weights[f"{of}.bias"])
                x = linear(x)
                norm.running_mean.copy_(x.mean(0))
                norm.running_var.copy_(x.var(0, unbiased=False))
                norm.weight.copy_((norm.running_var + norm.eps).sqrt())
                norm.bias.copy_(norm.running_mean)
                x = F.relu(x)
        self.log_scale.copy_(weights["localization.log_scale"])
        self.bias.copy_(weights["localization.bias"])
        for name, layer in (("fc1", self.fc1), ("fc2", self.fc2)):
            layer.weight.copy_(weights[f"fusion.{name}.weight"].T)
            layer.bias.copy_(weights[f"fusion.{name}.bias"])

    @torch.no_grad()
    def fold(self):
        """Weights for inference, by the bundle's names. Linear layers are transposed, as Burn keeps them."""
        out = {}
        for name, side in (("vision", self.vision), ("audio", self.audio)):
            for i in (0, 1):
                linear, norm = side[2 * i], side[2 * i + 1]
                gain = norm.weight / (norm.running_var + norm.eps).sqrt()
                out[f"localization.{name}.{i}.conv.weight"] = (linear.weight * gain[:, None])[:, :, None, None]
                out[f"localization.{name}.{i}.conv.bias"] = (linear.bias - norm.running_mean) * gain + norm.bias
        out |= {"localization.log_scale": self.log_scale, "localization.bias": self.bias}
        for name, layer in (("fc1", self.fc1), ("fc2", self.fc2)):
            out |= {f"fusion.{name}.weight": layer.weight.T, f"fusion.{name}.bias": layer.bias}
        return {name: tensor.detach().contiguous().clone() for name, tensor in out.items()}


class RunningMean:
    """The running mean of a module's parameters and statistics."""

    def __init__(self, module):
        self.module, self.steps = copy.deepcopy(module).eval(), 0

    @torch.no_grad()
    def step(self, module):
        self.steps += 1
        decay = min(0.999, (1 + self.steps) / (10 + self.steps))
        for mean, value in zip(self.module.state_dict().values(), module.state_dict().values()):
            if value.dtype.is_floating_point:
                mean.mul_(decay).add_(value, alpha=1 - decay)
            else:
                mean.copy_(value)
