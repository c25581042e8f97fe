"""The Runner on OpenVINO, without torch. load() compiles a model for this CPU.

Each of OpenVINO's streams has one core or a few: two small matrix products in parallel are faster than one product
on two cores (docs/measurements.md).

Mode `exact` computes in f32, `auto` in bf16 if the CPU supports it in hardware, `fast` in i8. On loading, bf16 and i8
are compared with f32 on sample texts and rejected if they differ too much.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino as ov

from backend.engine import reference
from backend.engine.cpu import prebuilt, processor, quantise, weights
from backend.engine.cpu.calibrate import calibrate
from backend.engine.cpu.core import core
from backend.engine.cpu.graph import build
from backend.engine.cpu.transformer import Value
from backend.engine.folder import Folder
from backend.engine.identity import digest as identity
from backend.engine.reference import Reference
from backend.engine.runner import Options, Vectors
from omnimind_ops.model.problem import Problem

BATCH_TOKENS = 768
"""512 costs 3 % more per token, 1024 costs 2 % less (every new batch shape has a price). Smaller batches let small
requests in sooner.
"""
CORES_PER_STREAM = 4
"""On large machines, more streams cost memory without a gain in speed."""
SHAPES = 128
"""Compiled kernels that each stream caches. With OpenVINO's default of 5000, every new batch shape would cost 0.5 MB
without a gain.
"""
MIN_COSINE = {"bf16": 0.999, "i8": 0.99}
"""Minimum cosine to f32 on every sample text, by precision."""
Settings = dict[str, object]
log = logging.getLogger(__name__)


class OpenVinoRunner:
    """One compiled model, created by load(). The members are documented in backend.engine.runner.Runner."""

    device = "cpu"
    encoder = "openvino"
    pads = True

    def __init__(
        self, folder: Folder, model: ov.Model, precision: str, digest: str, options: Options, group: int = 0
    ) -> None:
        threads = options.threads or processor.cores()
        self.streams = threads if threads <= CORES_PER_STREAM else math.ceil(threads / CORES_PER_STREAM)
        hint = "bf16" if precision in ("bf16", "i8") and processor.has_bf16() else "f32"
        self.name, self.max_tokens, self.precision, self.digest = folder.name, folder.max_tokens, precision, digest
        self.batch_tokens = options.batch_tokens or BATCH_TOKENS
        self.details: dict[str, object] = {"streams": self.streams, "threads": threads, "openvino": ov.__version__}
        settings: Settings = {
            "NUM_STREAMS": self.streams,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": hint,
            "PERFORMANCE_HINT": "THROUGHPUT",
        }
        # Not pinned: with pinned threads, the engine and the stores would wait for each other's cores.
        settings |= {
            "ENABLE_CPU_PINNING": "NO",
            "CPU_RUNTIME_CACHE_CAPACITY": SHAPES,
            **({"DYNAMIC_QUANTIZATION_GROUP_SIZE": group} if group else {}),
        }
        compiled = core().compile_model(model, "CPU", {key: str(value) for key, value in settings.items()})
        self._idle: SimpleQueue[ov.InferRequest] = SimpleQueue()
        for _ in range(self.streams):
            self._idle.put(compiled.create_infer_request())
        self.dimensions = int(self.encode([[0]]).shape[1])

    def encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        """Return one row per sequence, in the given order. Shorter sequences are padded to the longest."""
        request = self._idle.get()
        try:
            request.infer(_inputs(ids), share_inputs=True, share_outputs=True)
            return np.array(request.get_output_tensor(0).data, np.float32)
        except RuntimeError as error:
            why = str(error).strip().splitlines()[-1]
            raise Problem(
                "cannot embed on the CPU", why, "read the engine's log; other requests are not affected"
            ) from error
        finally:
            self._idle.put(request)

    def close(self) -> None:
        """Release the memory. No batch may be running."""
        while not self._idle.empty():
            self._idle.get()


def load(folder: Folder, options: Options) -> OpenVinoRunner:
    """Return the compiled model. Raises a Problem if the folder cannot be used."""
    graph = prebuilt.find(folder)
    runner = _from_graph(folder, graph, options) if graph else _from_weights(folder, options)
    runner.details["weights"] = graph.name if graph else "safetensors"
    return runner


def _from_graph(folder: Folder, graph: Path, options: Options) -> OpenVinoRunner:
    if options.mode == "fast":
        raise Problem(
            "cannot quantise the model",
            f"{folder.name} is a prebuilt graph ({graph.name})",
            "set OMNIMIND_MODE=auto, or use a folder with model.safetensors",
        )
    model, content = prebuilt.read(folder, graph), prebuilt.digest(graph)

    def plain(precision: str) -> OpenVinoRunner:
        return OpenVinoRunner(folder, model, precision, identity(content, folder, precision), options)

    if options.mode == "exact" or not processor.has_bf16():
        return plain("f32")
    expected = calibrate(folder, model, (), reference.path(options, content, folder))
    return _first(folder, expected, [partial(plain, "bf16")]) or plain("f32")


def _from_weights(folder: Folder, options: Options) -> OpenVinoRunner:
    tensors = weights.read(folder.transformer)
    content = tensors.digest()

    def plain(precision: str) -> OpenVinoRunner:
        return OpenVinoRunner(folder, build(folder, tensors), precision, identity(content, folder, precision), options)

    if options.mode == "exact" or (options.mode == "auto" and not processor.has_bf16()):
        return plain("f32")
    peaks: dict[str, Value] = {}
    instrumented = build(folder, tensors, quantise.watching(peaks), peaks)
    expected = calibrate(folder, instrumented, tuple(peaks), reference.path(options, content, folder))
    if options.mode == "auto":
        return _first(folder, expected, [partial(plain, "bf16")]) or plain("f32")

    def rounded(group: int) -> OpenVinoRunner:
        digest = identity(content, folder, f"i8/{group}")
        model = build(folder, tensors, quantise.rounding(expected.peaks))
        return OpenVinoRunner(folder, model, "i8", digest, options, group)

    quantised = _first(folder, expected, [partial(rounded, group) for group in quantise.groups(folder)])
    if not quantised:
        raise Problem(
            "cannot quantise the model",
            f"{folder.name} in 8 bits differs from float32 by more than cosine {MIN_COSINE['i8']}",
            "set OMNIMIND_MODE=auto",
        )
    return quantised


def _first(
    folder: Folder, expected: Reference, makers: Sequence[Callable[[], OpenVinoRunner]]
) -> OpenVinoRunner | None:
    """Return the first runner that is close enough to f32 on every sample text, or None."""
    sample = reference.sample(folder)
    for make in makers:
        runner = make()
        cosine = reference.agreement(runner, sample, expected.rows)
        if cosine >= MIN_COSINE[runner.precision]:
            runner.details["agreement"] = round(cosine, 6)
            return runner
        log.warning(
            "%s in %s differs from f32 by cosine %.4f on a sample text; not used", folder.name, runner.precision, cosine
        )
        runner.close()
    return None


def _inputs(ids: Sequence[Sequence[int]]) -> dict[int, np.ndarray[tuple[int, ...], np.dtype[np.int32]]]:
    lengths = np.fromiter(map(len, ids), np.int32, len(ids))
    padded = np.zeros((len(ids), int(lengths.max())), np.int32)
    for row, text in zip(padded, ids, strict=True):
        row[: len(text)] = text
    return {0: padded, 1: lengths}
