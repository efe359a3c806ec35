"""LookHear's networks in PyTorch: reads bundles, and writes weights of which `lookhear-train import` makes bundles.

    from lookhear_torch import LookHear, picture, read_bundle, spectrogram, write_weights

    model = LookHear.from_bundle("models/lookhear-edge.safetensors")
    seen = picture(Image.open("dog.jpg"), model.manifest["preprocessing"]["fit"])      # [3, 224, 224]
    heard = spectrogram(samples)                                                       # [257, 199]: a second at 48 kHz
    answer = model(seen[None], heard[None])                                            # "score", "map", embeddings, ...
    write_weights(model.state_dict(), "weights.safetensors")                           # and back again

The network is built from the bundle's layer table, so every preset fits, and tables of one's own do. The keys of the
`state_dict` are the names of the bundle's tensors, and convolutions lie alike in both. Two things differ, and both ways
see to them:

- Matrices are transposed. A fully connected layer's weight (`fusion.fc1.weight`, ...) is `[in, out]` in a bundle and
  `[out, in]` in PyTorch. Nothing else in a network of LookHear has two dimensions.
- A bundle has no batch norm: it is folded into the convolution before it. `LookHear(spec, norm=True)` is the network
  before that, for training; `write_weights` folds.
"""

import hashlib
import json
import struct

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load, save_file
from torch import nn

RATE, WINDOW, HOP, FFT, FLOOR, LOG_SCALE = 48_000, 480, 240, 512, 1e-4, 5.0
HANN = torch.tensor(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), dtype=torch.float32)


def picture(image, fit="stretch", side=224):
    """A PIL image of any size as the vision tower takes it: `[3, side, side]`, -1..1.

    `fit` is the bundle's, `manifest["preprocessing"]["fit"]`: all of the image, or its middle.
    """
    image, box = image.convert("RGB"), None
    if fit == "crop":
        (w, h), short = image.size, min(image.size)
        box = ((w - short) / 2, (h - short) / 2, (w + short) / 2, (h + short) / 2)
    if image.size != (side, side):
        image = image.resize((side, side), 2, box)  # bilinear, over all pixels that become one
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def spectrogram(samples):
    """Seconds `[..., 48000]` at 48 kHz, one channel, -1..1, as the audio tower takes them: `[..., 257, 199]`."""
    samples = torch.as_tensor(samples, dtype=torch.float32)
    magnitude = torch.fft.rfft(samples.unfold(-1, WINDOW, HOP) * HANN, n=FFT).abs()
    return ((magnitude.clamp_min(FLOOR) / FLOOR).log() / LOG_SCALE).transpose(-1, -2)


def read_bundle(path):
    """The weights of a bundle, as they lie there (name to tensor), and its manifest: `spec`, `preprocessing`, ..."""
    content = open(path, "rb").read()
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    digest = hashlib.sha256(metadata["lookhear"].encode() + content[8 + length :]).hexdigest()
    if digest != metadata["sha256"]:
        raise ValueError(f"{path} is damaged: its hash does not match its content")
    return load(content), json.loads(metadata["lookhear"])


def transposed(weights):
    """Weights of a bundle as a `state_dict` has them, and the other way round."""
    return {name: (w.T if w.ndim == 2 else w).contiguous() for name, w in weights.items()}


def folded(state, eps=1e-5):
    """A `state_dict` without batch norm: each is written into the convolution before it."""
    out = {name: tensor for name, tensor in state.items() if ".norm." not in name}
    for name in [name for name in state if name.endswith(".norm.running_var")]:
        block = name.removesuffix(".norm.running_var")
        gain, shift, mean, var = (state[f"{block}.norm.{k}"] for k in ("weight", "bias", "running_mean", "running_var"))
        gain = gain / (var + eps).sqrt()
        out[f"{block}.conv.weight"] = state[f"{block}.conv.weight"] * gain[:, None, None, None]
        out[f"{block}.conv.bias"] = shift - mean * gain
    return out


def write_weights(state, path):
    """Writes a `state_dict` by a bundle's names, for `lookhear-train import WEIGHTS --preset PRESET ...`."""
    weights = transposed(folded({name: tensor.detach().float().cpu() for name, tensor in state.items()}))
    save_file({name: tensor.clone() for name, tensor in weights.items()}, path)


class Block(nn.Module):
    """A convolution that keeps the size but for its stride, and batch norm if there is any."""

    def __init__(self, channels, out, kernel=3, stride=1, norm=False):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=not norm)
        self.norm = nn.BatchNorm2d(out) if norm else None
        nn.init.kaiming_normal_(self.conv.weight)

    def forward(self, x):
        x = self.conv(x)
        return x if self.norm is None else self.norm(x)


class Tower(nn.Module):
    """3x3 convolutions with ReLU, 2x2 maxima: `[n, c, h, w]` to the activation map `[n, channels, rows, columns]`."""

    def __init__(self, table, norm=False):
        super().__init__()
        self.convs, self.layers, self.channels = nn.ModuleList(), table["layers"], table["input"][0]
        for layer in self.layers:
            if layer != "max_pool":
                out, stride = layer["conv"]["channels"], layer["conv"]["stride"]
                self.convs.append(Block(self.channels, out, 3, stride, norm))
                self.channels = out

    def forward(self, x):
        convs = iter(self.convs)
        for layer in self.layers:
            x = F.max_pool2d(x, 2) if layer == "max_pool" else F.relu(next(convs)(x))
        return x


class Fusion(nn.Module):
    """L3-Net's head: both embeddings to the logit of their correspondence `[n]`."""

    def __init__(self, head, seen, heard):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(seen + heard, head["hidden"]), nn.Linear(head["hidden"], 2)

    def forward(self, seen, heard):
        no, yes = self.fc2(F.relu(self.fc1(torch.cat([seen, heard], 1)))).unbind(1)
        return yes - no


class Distance(nn.Module):
    """AVE-Net's head: embeddings to a common space `[n, dims]`, and their distance to the logit `[n]`."""

    def __init__(self, head, seen, heard):
        super().__init__()
        side = lambda channels: nn.ModuleList([nn.Linear(channels, head["dims"]), nn.Linear(head["dims"], head["dims"])])
        self.vision, self.audio, self.fc = side(seen), side(heard), nn.Linear(1, 2)

    def project(self, side, embedding):
        return unit_length(side[1](F.relu(side[0](embedding))))

    def forward(self, seen, heard):
        distance = (2 - 2 * (seen * heard).sum(1, keepdim=True)).clamp_min(1e-6).sqrt()
        no, yes = self.fc(distance).unbind(1)
        return yes - no


class Localization(nn.Module):
    """AVOL-Net's head: every place and the sound to a common space, and their similarities to a map of logits."""

    def __init__(self, head, seen, heard, norm=False):
        super().__init__()
        norm, dims = norm and head["batch_norm"], head["dims"]
        side = lambda channels: nn.ModuleList([Block(channels, dims, 1, 1, norm), Block(dims, dims, 1, 1, norm)])
        self.vision, self.audio, self.head = side(seen), side(heard), head
        self.log_scale, self.bias = nn.Parameter(torch.tensor([10.0]).log()), nn.Parameter(torch.zeros(1))

    def project(self, side, x):
        """`[n, channels, h, w]` to `[n, dims, h, w]`."""
        x = side[1](F.relu(side[0](x)))
        return unit_length(x) if self.head["normalize"] else x

    def forward(self, seen, heard):
        """Places `[n, dims, rows, columns]` and sounds `[n, dims]` to logits: of the map and of the whole picture."""
        similarities = (seen * heard[..., None, None]).sum(1)
        whole = largest = similarities.amax((1, 2))
        if self.head["pooling"] != "max":
            sharpness = self.head["pooling"]["log_mean_exp"]["sharpness"]
            below = (similarities - largest.detach()[:, None, None]) * sharpness
            whole = below.exp().mean((1, 2)).log() / sharpness + largest.detach()
        return tuple(x * self.log_scale.exp() + self.bias for x in (similarities, whole))


def unit_length(x):
    return x / (x.square().sum(1, keepdim=True) + 1e-6).sqrt()


class LookHear(nn.Module):
    """Both towers and the heads that a layer table asks for; `norm`: with batch norm, for training."""

    def __init__(self, spec, norm=False, fusion_share=0.5):
        super().__init__()
        self.spec, self.fusion_share, self.manifest = spec, fusion_share, None
        self.vision, self.audio = Tower(spec["vision"], norm), Tower(spec["audio"], norm)
        channels = self.vision.channels, self.audio.channels
        self.fusion = Fusion(spec["fusion"], *channels) if spec.get("fusion") else None
        self.distance = Distance(spec["distance"], *channels) if spec.get("distance") else None
        self.localization = Localization(spec["localization"], *channels, norm) if spec.get("localization") else None

    @classmethod
    def from_bundle(cls, path):
        """The network of a bundle, for inference; `.manifest` is what the bundle says of itself."""
        weights, manifest = read_bundle(path)
        model = cls(manifest["spec"], fusion_share=manifest["thresholds"].get("fusion_share", 0.5))
        model.manifest = manifest
        model.load_state_dict(transposed(weights))
        return model.eval()

    def encode_image(self, picture):
        """Pictures `[n, 3, 224, 224]` to embeddings `[n, channels]` and, if a head has one, their place in the common
        space: `[n, dims, rows, columns]`, or `[n, dims]` of a distance head; otherwise `None`."""
        seen = self.vision(picture)
        embedding = seen.amax((2, 3))
        if self.localization is not None:
            return embedding, self.localization.project(self.localization.vision, seen)
        return embedding, self.distance and self.distance.project(self.distance.vision, embedding)

    def encode_audio(self, spectrogram):
        """Spectrograms `[n, 257, 199]` to embeddings `[n, channels]` and, if a head has one, their place in the common
        space `[n, dims]`; otherwise `None`."""
        embedding = self.audio(spectrogram[:, None]).amax((2, 3))
        if self.localization is not None:
            projected = self.localization.project(self.localization.audio, embedding[..., None, None])
            return embedding, projected.flatten(1)
        return embedding, self.distance and self.distance.project(self.distance.audio, embedding)

    def logits(self, seen, heard):
        """What the heads say of `n` pairs of encodings: `fusion` and `localization` `[n]`, `map` `[n, rows, columns]`."""
        logits = {}
        if self.fusion is not None:
            logits["fusion"] = self.fusion(seen[0], heard[0])
        if self.distance is not None:
            logits["fusion"] = self.distance(seen[1], heard[1])
        if self.localization is not None:
            logits["map"], logits["localization"] = self.localization(seen[1], heard[1])
        return logits

    def forward(self, picture, spectrogram):
        """`n` pictures with a second of sound each: what the ONNX model says, by the same names."""
        seen, heard = self.encode_image(picture), self.encode_audio(spectrogram)
        answer = {name: logit.sigmoid() for name, logit in self.logits(seen, heard).items()}
        heads = [answer[name] for name in ("fusion", "localization") if name in answer]
        both = len(heads) == 2
        answer["score"] = heads[0] * self.fusion_share + heads[1] * (1 - self.fusion_share) if both else heads[0]
        answer |= {"image_embedding": seen[0], "audio_embedding": heard[0]}
        if seen[1] is not None:
            answer |= {"image_projection": seen[1], "audio_projection": heard[1]}
        return answer
