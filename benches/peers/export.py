"""Turns a LookHear bundle into the files that every peer reads, in f32 and in the peer's own 8-bit.

Runs as a process of its own before anything is measured: quantizing needs far more memory and
threads than inference does, and neither must show up in a measurement.
"""

import argparse
import hashlib
import json
import os
import struct
import sys
from importlib.metadata import version
from pathlib import Path

# Quantizing must not call home; both libraries look for these before they are imported.
os.environ.update(CI="true", NNCF_CI="1")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import SafetensorError, safe_open

TOWERS = ("vision", "audio")
CALIBRATION_SAMPLES = 16
RANDOM_SAMPLES = 6
# ncnn's marks in a weight file: plain f32, and 8-bit.
NCNN_F32, NCNN_INT8 = 0, 0x000D4B38


def read_bundle(path):
    """The towers of a bundle: `{tower: {"input": [c, h, w], "layers": [...]}}`.

    A layer is `None` for a pool and `(weight, bias, stride)` for a convolution.
    """
    towers = {}
    with safe_open(path, framework="np") as file:
        meta = (file.metadata() or {}).get("lookhear")
        if meta is None:
            sys.exit(f"{path} is no LookHear bundle: its metadata has no key `lookhear`.")
        spec, names = json.loads(meta)["spec"], set(file.keys())
        for tower in TOWERS:
            layers, convs = [], 0
            for layer in spec[tower]["layers"]:
                if layer == "max_pool":
                    layers.append(None)
                    continue
                key = f"{tower}.convs.{convs}.conv"
                if f"{key}.bias" not in names:
                    sys.exit(f"{path} has no tensor {key}.bias: is its batch norm not folded?")
                weight, bias = (file.get_tensor(f"{key}.{part}") for part in ("weight", "bias"))
                weight, bias = weight.astype(np.float32), bias.astype(np.float32)
                layers.append((weight, bias, layer["conv"]["stride"]))
                convs += 1
            towers[tower] = {"input": spec[tower]["input"], "layers": layers}
    return towers


def to_onnx(name, tower):
    """The tower as an ONNX model from `x` to `embedding`; convolution i reads the tensor `in<i>`."""
    nodes, weights, convs, here = [], [], 0, "x"
    for i, layer in enumerate(tower["layers"]):
        if layer is None:
            nodes.append(helper.make_node("MaxPool", [here], [f"t{i}"], kernel_shape=[2, 2], strides=[2, 2]))
        else:
            weight, bias, stride = layer
            w, b = f"w{convs}", f"b{convs}"
            weights += [numpy_helper.from_array(weight, w), numpy_helper.from_array(bias, b)]
            shape = dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[stride, stride])
            nodes.append(helper.make_node("Conv", [here, w, b], [f"c{i}"], **shape))
            nodes.append(helper.make_node("Relu", [f"c{i}"], [f"t{i}"]))
            convs += 1
        here = f"t{i}"
    nodes.append(helper.make_node("GlobalMaxPool", [here], ["peak"]))
    nodes.append(helper.make_node("Flatten", ["peak"], ["embedding"]))
    width = [w for w in tower["layers"] if w][-1][0].shape[0]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, *tower["input"]])
    y = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, width])
    graph = helper.make_graph(nodes, name, [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def conv_input_peaks(model, samples):
    """The largest magnitude that each convolution reads over all samples."""
    import onnxruntime

    wider = onnx.ModelProto()
    wider.CopyFrom(model)
    inputs = [node.input[0] for node in wider.graph.node if node.op_type == "Conv"]
    for name in inputs[1:]:
        wider.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(wider.SerializeToString(), providers=["CPUExecutionProvider"])
    peaks = np.zeros(len(inputs))
    for x in samples:
        values = [x, *session.run(inputs[1:], {"x": x})]
        peaks = np.maximum(peaks, [np.abs(v).max() for v in values])
    return peaks


def to_ncnn(stem, tower, peaks=None):
    """Writes `stem.param` and `stem.bin`; 8-bit if the convolutions' input peaks are given.

    Does what ncnn's own tools `ncnn2table` and `ncnn2int8` do, with the peak as the end of the range
    (they are no part of the Python package): symmetric weights per channel, symmetric activations per
    tensor, and no detour over f32 between two convolutions that follow each other directly.
    """
    c, h, w = tower["input"]
    lines, blob, here, convs = [f"Input x 0 1 x 0={w} 1={h} 2={c}"], b"", "x", 0
    for i, layer in enumerate(tower["layers"]):
        if layer is None:
            lines.append(f"Pooling pool{i} 1 1 {here} t{i} 0=0 1=2 2=2 5=1")
        else:
            weight, bias, stride = layer
            out = weight.shape[0]
            line = f"Convolution conv{i} 1 1 {here} t{i} 0={out} 1=3 3={stride} 4=1 5=1 6={weight.size} 9=1"
            if peaks is None:
                blob += struct.pack("<I", NCNN_F32) + weight.tobytes() + bias.tobytes()
            else:
                direct = i + 1 < len(tower["layers"]) and tower["layers"][i + 1] is not None
                line += f" 8={102 if direct else 2}"
                scale = 127 / np.maximum(np.abs(weight).reshape(out, -1).max(1), 1e-12)
                rounded = np.rint(weight * scale[:, None, None, None]).astype(np.int8).tobytes()
                rounded += bytes(-len(rounded) % 4)
                scales = [*scale, *(127 / peaks[convs : convs + 1 + direct])]
                blob += struct.pack("<I", NCNN_INT8) + rounded + bias.tobytes()
                blob += np.array(scales, "<f4").tobytes()
            lines.append(line)
            convs += 1
        here = f"t{i}"
    lines.append(f"Pooling peak 1 1 {here} embedding 0=0 4=1")
    text = "\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines, ""])
    Path(f"{stem}.param").write_text(text)
    Path(f"{stem}.bin").write_bytes(blob)


def to_onnxruntime_int8(source, stem, samples):
    """ONNX Runtime's static quantization, with unsigned and with signed activations."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(samples)

        def get_next(self):
            x = next(self.rest, None)
            return None if x is None else {"x": x}

    for name, activation in (("u8s8", QuantType.QUInt8), ("s8s8", QuantType.QInt8)):
        quantize_static(
            source,
            f"{stem}.{name}.onnx",
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=activation,
            weight_type=QuantType.QInt8,
        )


def to_openvino_int8(source, target, samples):
    """NNCF's post-training quantization, as OpenVINO's documentation recommends it."""
    import nncf
    import openvino

    model = openvino.Core().read_model(source)
    model = nncf.quantize(model, nncf.Dataset(samples), subset_size=len(samples))
    openvino.save_model(model, target, compress_to_fp16=False)


def random_sample(shape, rng):
    """A smooth picture (-1 to 1) or sound (0 to 3): noise whose spectrum falls as 1/f."""
    c, h, w = shape
    f = np.hypot(np.fft.fftfreq(h)[:, None] * h, np.fft.rfftfreq(w)[None] * w)
    spectrum = rng.standard_normal((c, h, w // 2 + 1)) + 1j * rng.standard_normal((c, h, w // 2 + 1))
    smooth = np.fft.irfft2(spectrum / np.maximum(f, 1), s=(h, w))
    smooth = np.clip(smooth / np.abs(smooth).std() / 3, -1, 1)
    if c == 3:
        return smooth.astype(np.float32)
    # A spectrogram is loud at low frequencies (the first rows) and mostly quiet above.
    slope = np.linspace(1.5, 0.3, h)[None, :, None]
    return np.clip((smooth + 0.5) * 2 * slope, 0, 3).astype(np.float32)


def sample_files(folder, tower):
    """The raw little-endian f32 inputs of a tower, in the order in which all sides read them."""
    return sorted(Path(folder).glob(f"{tower}_*.f32"))


def read_sample(path, shape):
    """One input `[1, c, h, w]`."""
    x = np.fromfile(path, "<f4")
    if x.size != np.prod(shape):
        sys.exit(f"{path} holds {x.size} numbers; this model's input {shape} needs {np.prod(shape)}.")
    return x.reshape(1, *shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--inputs", type=Path, help="folder of vision_*.f32 and audio_*.f32")
    source.add_argument("--make-inputs", type=Path, help="folder to fill with noise")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        towers = read_bundle(args.model)
    except SafetensorError as error:
        sys.exit(f"{args.model} cannot be read: {error}.")

    inputs = args.inputs or args.make_inputs
    if args.make_inputs:
        inputs.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(7)
        for tower in TOWERS:
            for i in range(RANDOM_SAMPLES):
                random_sample(towers[tower]["input"], rng).tofile(inputs / f"{tower}_noise{i}.f32")
    samples = {tower: sample_files(inputs, tower)[:CALIBRATION_SAMPLES] for tower in TOWERS}
    for tower in TOWERS:
        if not samples[tower]:
            sys.exit(f"{inputs} has no {tower}_*.f32.")

    # Quantizing takes longer than measuring; it is repeated only if something that it depends on changed.
    digest = hashlib.sha256()
    for file in (args.model, __file__, *samples["vision"], *samples["audio"]):
        digest.update(Path(file).read_bytes())
    for package in ("onnx", "onnxruntime", "openvino", "nncf"):
        digest.update(version(package).encode())
    stamp = args.out / "export.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    stamp.unlink(missing_ok=True)

    for name, tower in towers.items():
        stem = str(args.out / name)
        model = to_onnx(name, tower)
        onnx.save(model, f"{stem}.onnx")
        # The peers calibrate on the very samples that their error is measured on: if that is unfair,
        # then in their favour.
        values = [read_sample(path, tower["input"]) for path in samples[name]]
        to_ncnn(f"{stem}.ncnn.f32", tower)
        to_ncnn(f"{stem}.ncnn.int8", tower, conv_input_peaks(model, values))
        to_onnxruntime_int8(f"{stem}.onnx", stem, values)
        to_openvino_int8(f"{stem}.onnx", f"{stem}.openvino.int8.xml", values)
    shapes = {name: tower["input"] for name, tower in towers.items()}
    (args.out / "shapes.json").write_text(json.dumps(shapes))
    stamp.write_text(digest.hexdigest())


if __name__ == "__main__":
    main()
