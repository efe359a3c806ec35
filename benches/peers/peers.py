"""One peer in a process of its own, spoken to like LookHear's worker: lines in, lines of JSON out.

`ready` comes first. Then each request is answered by one line:
`time TOWER K` by `{"ms": [...]}`, `embed TOWER FILE` by `{"embedding": [...]}`,
`rss` by `{"mib": ..., "base": ...}`; `quit` ends the process.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

TOWERS = ("vision", "audio")
# Runtime, precision, and settings among which the fastest that agrees with f32 stands for the pair.
PEERS = [
    ("ncnn", "f32", ""),
    ("ncnn", "bf16", ""),
    ("ncnn", "int8", ""),
    # Winograd's transformed weights cost ncnn much memory and gain little in 8-bit.
    ("ncnn", "int8", "no-winograd"),
    ("onnxruntime", "f32", ""),
    ("onnxruntime", "int8", "u8s8"),
    ("onnxruntime", "int8", "s8s8"),
    ("openvino", "f32", ""),
    # What it does unasked; where the processor has bf16, that is bf16.
    ("openvino", "default", ""),
    ("openvino", "int8", ""),
]


def peak_mib():
    """Peak resident memory of this process.

    From /proc where there is one: getrusage's figure includes that of the process it was forked from.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        import resource

        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Ncnn:
    """Its OpenMP threads spin for about a millisecond after a run, then sleep."""

    def __init__(self, models, precision, variant, threads):
        import ncnn

        self.ncnn, self.nets, self.inputs = ncnn, {}, {}
        weights = "int8" if precision == "int8" else "f32"
        for tower in TOWERS:
            net = ncnn.Net()
            net.opt.use_winograd_convolution = variant != "no-winograd"
            net.opt.num_threads = threads
            net.opt.use_vulkan_compute = False
            if precision == "f32":
                net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
            net.opt.use_bf16_storage = precision == "bf16"
            stem = str(models / f"{tower}.ncnn.{weights}")
            if net.load_param(f"{stem}.param") or net.load_model(f"{stem}.bin"):
                raise RuntimeError(f"ncnn cannot load {stem}")
            self.nets[tower] = net

    def feed(self, tower, x):
        # A Mat does not keep the array alive whose memory it uses; the clone has memory of its own.
        self.inputs[tower] = self.ncnn.Mat(x[0]).clone()

    def run(self, tower):
        extractor = self.nets[tower].create_extractor()
        extractor.input("x", self.inputs[tower])
        failed, out = extractor.extract("embedding")
        if failed:
            raise RuntimeError("ncnn's extract failed")
        return np.array(out)


class OnnxRuntime:
    """`force_spinning_stop` lets its threads spin within a run, where that helps it, but not after."""

    def __init__(self, models, precision, variant, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.sessions, self.inputs = {}, {}
        for tower in TOWERS:
            file = models / (f"{tower}.onnx" if precision == "f32" else f"{tower}.{variant}.onnx")
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            self.sessions[tower] = session

    def feed(self, tower, x):
        self.inputs[tower] = {"x": x}

    def run(self, tower):
        return self.sessions[tower].run(None, self.inputs[tower])[0]


class OpenVino:
    """Its TBB threads go to sleep soon after a run; there is no option for it.

    Pinning is off, since it would tie this peer alone to the first cores, whoever else uses them.
    """

    def __init__(self, models, precision, _variant, threads):
        import openvino

        config = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        if precision == "f32":
            config["INFERENCE_PRECISION_HINT"] = "f32"
        core = openvino.Core()
        self.requests, self.inputs = {}, {}
        for tower in TOWERS:
            file = models / (f"{tower}.openvino.int8.xml" if precision == "int8" else f"{tower}.onnx")
            model = core.compile_model(file, "CPU", config)
            self.requests[tower] = model.create_infer_request()

    def feed(self, tower, x):
        self.inputs[tower] = {0: x}

    def run(self, tower):
        return self.requests[tower].infer(self.inputs[tower], share_inputs=True)[0]


RUNTIMES = {"ncnn": Ncnn, "onnxruntime": OnnxRuntime, "openvino": OpenVino}


def answer(peer, shapes, base, request):
    """The reply to one request line."""
    verb, *rest = request.split(maxsplit=2)
    if verb == "rss":
        return {"mib": peak_mib(), "base": base}
    tower, argument = rest
    if verb == "embed":
        peer.feed(tower, np.fromfile(argument, "<f4").reshape(1, *shapes[tower]))
        return {"embedding": np.ravel(peer.run(tower)).tolist()}
    if verb == "time":
        # Noise, since no runtime's time depends on the values.
        noise = np.random.default_rng(0).random((1, *shapes[tower]), dtype=np.float32)
        peer.feed(tower, noise)
        ms = []
        for _ in range(int(argument)):
            start = time.perf_counter()
            peer.run(tower)
            ms.append((time.perf_counter() - start) * 1e3)
        return {"ms": ms}
    raise ValueError(f"unknown request {verb}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", choices=RUNTIMES, required=True)
    parser.add_argument("--precision", required=True)
    parser.add_argument("--variant", default="")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--models", type=Path, required=True)
    args = parser.parse_args()

    # Some libraries print; the replies keep the real stdout for themselves.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    # The interpreter and numpy are not the runtime's fault: their memory is told apart.
    base = peak_mib()
    shapes = json.loads((args.models / "shapes.json").read_text())
    peer = RUNTIMES[args.runtime](args.models, args.precision, args.variant, args.threads)
    print("ready", file=replies)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        try:
            reply = answer(peer, shapes, base, line.strip())
        except Exception as error:  # Whatever it is, the other side has to hear of it.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies)


if __name__ == "__main__":
    main()
