"""The engine's selection of a device with a packed encoder broken on purpose. The card is torch's CPU device."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from unittest.mock import patch

import torch
from agreement import cosine, tokenised
from encoders import UNICODE
from sentence_transformers import SentenceTransformer

from backend.engine import folder, select_device
from backend.engine.folder import Folder
from backend.engine.gpu import automodel, gate, packed
from backend.engine.gpu.batch import Batch
from backend.engine.runner import Options
from backend.engine.sample import SAMPLE
from backend.engine.settings import Settings

TEXTS = [*UNICODE, *SAMPLE[::-1]]
Patch = AbstractContextManager[object]
Encode = Callable[[torch.Tensor, Batch], torch.Tensor]


def check(model: Path, where: Path) -> dict[str, object]:
    """For each way to break it: the encoder that serves, the reason, the log, and the embeddings.

    FOLDER/openvino leads to the OpenVINO of the tests, which is not installed in this environment.
    """
    sys.path.append(str((where / "openvino").resolve()))
    read = folder.read(model)
    expected = SentenceTransformer(str(model), device="cpu").encode(TEXTS)
    results: dict[str, object] = {}
    for name, patches in BROKEN.items():
        results[name] = _select(read, where / "state", patches()) | {"cosine": cosine(_rows.pop(), expected)}
    return {**results, "references": len(list((where / "state").glob("sample-*.npz")))}


_rows: list[object] = []


def _select(read: Folder, state: Path, patches: list[Patch]) -> dict[str, object]:
    card = gate.Probe(True, device="cpu", name="the card of this test")
    settings = Settings("cu13", str(read.path), Options(mode="exact", state=state), 0)
    with ExitStack() as stack, _Log() as log:
        for item in (patch.object(gate, "ask", lambda: card), *patches):
            stack.enter_context(item)
        device = select_device.select(settings, read)
        device.prove()
        _rows.append(device.runner.encode(tokenised(read, TEXTS)))
        because = device.runner.details.get("encoder_because", "")
        device.runner.close()
    return {
        "encoder": device.runner.encoder,
        "reason": device.reason,
        "because": because,
        "proof": device.proof.ok,
        "log": log.text,
    }


class _Log(logging.Handler):
    """What the engine logs in the block."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{record.levelname} {record.getMessage()}\n"

    def __enter__(self) -> _Log:
        logging.getLogger("backend.engine").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("backend.engine").removeHandler(self)


def _changed(encoder: type, change: Encode) -> Patch:
    """Pass the encoder's vectors through a function."""
    original = encoder.encode

    def encode(self: object, batch: Batch) -> torch.Tensor:
        return change(original(self, batch), batch)

    return patch.object(encoder, "encode", encode)


def _mixed(vectors: torch.Tensor, _: Batch) -> torch.Tensor:
    """Texts mix with their neighbours, as by attention beyond a text's end."""
    return vectors + vectors.roll(40, 0)


def _long_texts(vectors: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Only tokens after the two hundredth are wrong."""
    return torch.where(batch.positions[:, None] > 200, vectors.roll(1, 1), vectors)


def _not_finite(vectors: torch.Tensor, _: Batch) -> torch.Tensor:
    return vectors * float("nan")


def _zero(vectors: torch.Tensor, _: Batch) -> torch.Tensor:
    return vectors * 0


def _crashes(vectors: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The model loads, and fails on the first long text."""
    if batch.longest > 100:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")
    return vectors


def _absent(*_: object) -> object:
    raise AttributeError("'_OpNamespace' 'aten' object has no attribute '_flash_attention_forward'")


def _construction() -> Patch:
    return patch.object(packed._Reader, "layers", _absent)


BROKEN: dict[str, Callable[[], list[Patch]]] = {
    "nothing": list,
    "mixed": lambda: [_changed(packed.PackedEncoder, _mixed)],
    "long texts": lambda: [_changed(packed.PackedEncoder, _long_texts)],
    "not finite": lambda: [_changed(packed.PackedEncoder, _not_finite)],
    "zero": lambda: [_changed(packed.PackedEncoder, _zero)],
    "construction": lambda: [_construction()],
    "at proof": lambda: [_changed(packed.PackedEncoder, _crashes)],
    "both": lambda: [_construction(), _changed(automodel.AutoModelEncoder, _mixed)],
    "no transformers": lambda: [_construction(), patch.dict(sys.modules, {"transformers": None})],
}
