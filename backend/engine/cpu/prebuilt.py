"""Prebuilt graphs: folders with openvino/*.xml or onnx/*.onnx, as `SentenceTransformer(backend=…)` saves them.

Pooling is appended to the graph.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from backend.engine.cpu.core import core
from backend.engine.cpu.families import supports_family
from backend.engine.cpu.pooling import head
from backend.engine.folder import Folder
from omnimind_ops.model.problem import Problem

PLACES = ("openvino/openvino_model.xml", "openvino_model.xml", "onnx/model.onnx", "model.onnx")


def find(folder: Folder) -> Path | None:
    """Return the graph to use, None if there is none.

    Weights of a supported family take precedence, because every mode can be built from them.
    """
    if supports_family(folder) and any(
        (folder.transformer / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json")
    ):
        return None
    return next(
        (file for place in PLACES for file in (folder.path / place, folder.transformer / place) if file.is_file()), None
    )


def digest(graph: Path) -> str:
    """Return 16 hex digits over the graph and its external weights."""
    hasher = hashlib.blake2b(digest_size=8)
    beside = (graph.with_suffix(".bin"), graph.with_name(f"{graph.name}_data"), graph.with_name(f"{graph.name}.data"))
    for file in (graph, *beside):
        if file.is_file():
            with file.open("rb") as opened:
                hasher.update(hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=8)).digest())
    return hasher.hexdigest()


def read(folder: Folder, graph: Path) -> ov.Model:
    """Return the graph with the engine's inputs (ids, lengths) and pooling.

    Raises a Problem if its inputs or outputs are not those of a text encoder.
    """
    try:
        model = core().read_model(graph)
    except RuntimeError as error:
        raise Problem(f"cannot read {graph}", str(error).strip().splitlines()[-1], "export the model again") from error
    inputs = {name: port for port in model.inputs for name in port.get_names()}
    if (
        "input_ids" not in inputs
        or "attention_mask" not in inputs
        or not set(inputs) <= {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
    ):
        raise Problem(
            f"cannot use {graph}",
            f"its inputs are {', '.join(sorted(inputs))}",
            "export it as a text encoder: input_ids, attention_mask and perhaps token_type_ids",
        )
    ids, lengths = ops.parameter([-1, -1], np.int32, "ids"), ops.parameter([-1], np.int32, "lengths")
    length = ops.gather(ops.shape_of(ids, "i32"), ops.constant(np.int32(1)), ops.constant(np.int32(0)))
    at = ops.range(ops.constant(np.int32(0)), length, ops.constant(np.int32(1)), "i32")
    is_token = ops.less(ops.unsqueeze(at, ops.constant([0])), ops.unsqueeze(lengths, ops.constant([1])))
    zeros = ops.multiply(ids, ops.constant(np.int32(0)))
    engine_inputs = {
        "input_ids": ids,
        "attention_mask": is_token,
        "token_type_ids": zeros,
        "position_ids": ops.add(zeros, at),
    }
    for name, port in inputs.items():
        value = ops.convert(engine_inputs[name], port.get_element_type().get_type_name())
        for target in list(port.get_target_inputs()):
            target.replace_source_output(value.output(0))
    mask = ops.convert(is_token, "f32")
    tokens = ops.convert(_tokens(model, graph), "f32")
    pooled = head(folder, tokens, ops.unsqueeze(mask, ops.constant([2])), lengths)
    return ov.Model([pooled], [ids, lengths], folder.name)


def _tokens(model: ov.Model, graph: Path) -> ov.Output:
    """Return the output with a vector per token: the one with a known name, otherwise the first that has one."""
    outputs = [
        port for port in model.outputs if port.get_partial_shape().rank.is_dynamic or len(port.get_partial_shape()) == 3
    ]
    named = [port for port in outputs if port.get_names() & {"last_hidden_state", "token_embeddings"}]
    if not outputs:
        raise Problem(
            f"cannot use {graph}", "none of its outputs has a vector for each token", "export it for feature extraction"
        )
    output: ov.Output = (named or outputs)[0].get_node().input_value(0)
    return output
