"""Judges what `weights.rs` wrote into a folder: ONNX models and bundles, and what LookHear's flex makes of three pairs.

    weights.py onnx|torch FOLDER NAME...

`torch` writes the weights of each bundle as PyTorch had them, for the way back.
"""

import json
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file

JUDGE = sys.argv[1]
if JUDGE == "onnx":
    import onnx
    import onnxruntime
else:
    import torch
    from PIL import Image

    sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "kit"))
    from lookhear_torch import LookHear, folded, picture, spectrogram, write_weights

INPUTS = "picture", "spectrogram"
TOLERANCE = 1e-4


def compare(title, outputs, reference):
    """Every output is that of flex, and none is missing."""
    wanted = {name for name in reference if name not in (*INPUTS, "samples")}
    assert set(outputs) == wanted, (title, set(outputs) ^ wanted)
    for name, values in outputs.items():
        assert values.shape == reference[name].shape, (title, name, values.shape)
        difference = np.abs(values - reference[name]).max()
        print(f"{title} {name}: largest {np.abs(reference[name]).max():.4g}, off by {difference:.2g}")
        assert difference < TOLERANCE, (title, name, difference)


def judge_onnx(folder, name, reference):
    path = folder / f"{name}.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert len(told["model"]) == 64 and json.loads(told["preprocessing"])["hop"] == 240, told
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == told
    names = [output.name for output in session.get_outputs()]
    run = lambda pairs: session.run(names, {key: reference[key][pairs] for key in INPUTS})
    compare(f"{name}: onnx, three at once,", dict(zip(names, run(slice(0, 3)))), reference)
    alone = [run(slice(i, i + 1)) for i in range(3)]
    alone = {name: np.concatenate(values) for name, values in zip(names, zip(*alone))}
    compare(f"{name}: onnx, one by one,", alone, reference)
    # One tower can be cut out.
    tower = folder / f"{name}.vision.onnx"
    onnx.utils.extract_model(str(path), str(tower), ["picture"], ["image_embedding"])
    session = onnxruntime.InferenceSession(tower, providers=["CPUExecutionProvider"])
    (embedding,) = session.run(None, {"picture": reference["picture"]})
    assert np.abs(embedding - reference["image_embedding"]).max() < TOLERANCE


def judge_torch(folder, name, reference):
    model = LookHear.from_bundle(folder / f"{name}.safetensors")
    with torch.no_grad():
        answer = model(*(torch.from_numpy(reference[key]) for key in INPUTS))
    compare(f"{name}: torch,", {key: values.numpy() for key, values in answer.items()}, reference)
    write_weights(model.state_dict(), folder / f"{name}.weights")
    # The same inputs from the same files. Rounding of resized pictures may differ by one step of 255.
    fit = model.manifest["preprocessing"]["fit"]
    seen = np.stack([picture(Image.open(folder / f"{i}.png"), fit).numpy() for i in range(3)])
    heard = spectrogram(reference["samples"]).numpy()
    for title, ours, theirs, most in (("picture", seen, "picture", 1.01 / 127.5), ("sound", heard, "spectrogram", 1e-3)):
        difference = np.abs(ours - reference[theirs])
        print(f"{name}: {title} off by {difference.max():.2g}, on the average {difference.mean():.2g}")
        assert ours.shape == reference[theirs].shape and difference.max() < most, (title, difference.max())


def judge_training():
    """Batch norm that learned something is folded without changing what comes out, with gradients everywhere before."""
    head = {"dims": 8, "batch_norm": True, "normalize": True, "pooling": {"log_mean_exp": {"sharpness": 8.0}}}
    layers = [{"conv": {"channels": 8, "stride": 2}}, "max_pool", {"conv": {"channels": 16, "stride": 1}}]
    tower = lambda *shape: {"input": shape, "layers": layers}
    spec = {"vision": tower(3, 32, 32), "audio": tower(1, 257, 199), "fusion": {"hidden": 8}, "localization": head}
    torch.manual_seed(1)
    model = LookHear(spec, norm=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    seen, heard, target = torch.randn(6, 3, 32, 32), torch.rand(6, 257, 199), torch.tensor([1.0, 0, 1, 0, 1, 0])
    for _ in range(5):
        logits = model.logits(model.encode_image(seen), model.encode_audio(heard))
        heads = [logits[name] for name in ("fusion", "localization")]
        loss = sum(torch.nn.functional.binary_cross_entropy_with_logits(logit, target) for logit in heads)
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        optimizer.step()
    model.eval()
    inference = LookHear(spec).eval()
    inference.load_state_dict(folded(model.state_dict()))
    with torch.no_grad():
        before, after = model(seen, heard), inference(seen, heard)
    assert all(torch.allclose(before[name], after[name], atol=1e-5) for name in before)


def main():
    folder = pathlib.Path(sys.argv[2])
    judge = judge_onnx if JUDGE == "onnx" else judge_torch
    for name in sys.argv[3:]:
        judge(folder, name, load_file(folder / f"{name}.reference"))
    if JUDGE == "torch":
        judge_training()


main()
