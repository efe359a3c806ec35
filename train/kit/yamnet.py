"""The teacher of hearing: YAMNet, read from its tflite file, with a batch dimension.

`session` gives an ONNX Runtime session: `x` `[n, 15600]` (16 kHz) to `embedding` `[n, 1024]` and `logits` `[n, 521]`.
The tflite file computes its 8-bit layers with rounded activations, this one in floating point: on a test sound the
largest of the 521 scores differs by 0.04.
"""

import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SAMPLES = 15_600


def same(size, stride):
    """What TensorFlow's SAME puts before and after `size` values for a kernel of 3."""
    total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    return total // 2, total - total // 2


class Yamnet(nn.Module):
    def __init__(self, path):
        super().__init__()
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        graph = Interpreter(
            path, experimental_preserve_all_tensors=True, experimental_op_resolver_type=plain
        )
        graph.allocate_tensors()
        graph.set_tensor(graph.get_input_details()[0]["index"], np.zeros((1, SAMPLES), np.float32))
        graph.invoke()  # Some constants are unpacked only then.
        details = {tensor["index"]: tensor for tensor in graph.get_tensor_details()}

        def value(index):
            scales = details[index]["quantization_parameters"]["scales"]
            tensor = np.array(graph.get_tensor(index)).astype(np.float32)
            is_byte = details[index]["dtype"] == np.int8
            return torch.from_numpy(tensor * scales[0] if is_byte else tensor).clone()

        dense, window, self.plan = [], None, []
        self.convs = nn.ParameterList()
        for op in graph._get_ops_details():
            name, inputs = op["op_name"], [i for i in op["inputs"] if i >= 0]
            if name == "MUL" and window is None:
                window = value(inputs[1]).reshape(400)
            elif name == "FULLY_CONNECTED":
                dense.append([value(i) for i in inputs[1:]])
            elif name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                before, after = details[inputs[0]]["shape"], details[op["outputs"][0]]["shape"]
                order = (0, 3, 1, 2) if name == "CONV_2D" else (3, 0, 1, 2)
                self.convs.append(nn.Parameter(value(inputs[1]).permute(*order).contiguous(), False))
                self.convs.append(nn.Parameter(value(inputs[2]), False))
                self.plan.append((name != "CONV_2D", -(-int(before[1]) // int(after[1]))))
        self.register_buffer("window", window)
        for name, tensor in [("real", dense[0][0]), ("imaginary", dense[1][0])]:
            self.register_buffer(name, tensor)
        for name, (weight, bias) in [("mel", dense[2]), ("classes", dense[3])]:
            self.register_buffer(name, weight)
            self.register_buffer(name + "_bias", bias)

    def forward(self, x):
        frames = F.pad(x.unfold(1, 400, 160)[:, :96] * self.window, (0, 112))
        magnitude = torch.sqrt((frames @ self.real.T) ** 2 + (frames @ self.imaginary.T) ** 2)
        y = torch.log(magnitude @ self.mel.T + self.mel_bias)[:, None]
        for k, (depthwise, stride) in enumerate(self.plan):
            weight, bias = self.convs[2 * k], self.convs[2 * k + 1]
            if weight.shape[-1] == 3:
                (top, bottom), (left, right) = same(y.shape[2], stride), same(y.shape[3], stride)
                y = F.pad(y, (left, right, top, bottom))
            groups = weight.shape[0] if depthwise else 1
            y = F.relu(F.conv2d(y, weight, bias, stride, groups=groups))
        embedding = y.mean((2, 3))
        return embedding, embedding @ self.classes.T + self.classes_bias


def session(tflite, onnx, threads=1):
    import onnxruntime

    if not os.path.exists(onnx):
        names = {"x": {0: "n"}, "embedding": {0: "n"}, "logits": {0: "n"}}
        torch.onnx.export(
            Yamnet(tflite).eval(),
            torch.zeros(2, SAMPLES),
            onnx,
            input_names=["x"],
            output_names=["embedding", "logits"],
            dynamic_axes=names,
            dynamo=False,
            opset_version=17,
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
