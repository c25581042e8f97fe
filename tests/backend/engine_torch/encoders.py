"""Both GPU encoders on torch's CPU device: against sentence-transformers, against each other, and their proof."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from agreement import cosine, tokenised
from sentence_transformers import SentenceTransformer

from backend.engine import folder
from backend.engine.gpu import runner as torch_runner
from backend.engine.gpu import select_encoder
from backend.engine.gpu.network import ENCODERS
from backend.engine.runner import Options
from omnimind_ops.bench.corpus import texts

LONG = "word " * 5000
UNICODE = [
    "ação, coração",
    "机器学习模型在显卡上运行得更快。",
    "🚀🔥",
    "𝛼𝛽",
    "e\u0301 and é",
    "\u202eright to left",
    "\x00\ufffd",
]
ODD = ["", "a", *UNICODE, *texts(60), LONG, "x" * 4000, *texts(90)[60:], "the last, and short"]
"""No order of lengths: a short text follows a long one."""


def agreement(model: Path, _: Path) -> dict[str, object]:
    """Lowest cosine of each encoder to sentence-transformers, and of one encoder to the other."""
    read = folder.read(model)
    expected = SentenceTransformer(str(model), device="cpu").encode(ODD)
    ids = tokenised(read, ODD)
    rows, results = {}, {}
    for name in ENCODERS:
        runner = torch_runner.load(read, Options(mode="exact", batch_tokens=2048), "cpu", encoder=name)
        rows[name] = runner.encode(ids)
        results[name] = {
            "all": cosine(rows[name], expected),
            "one": cosine(runner.encode([ids[3]]), expected[3:4]),
            "long": [
                len(ids[ODD.index(LONG)]),
                cosine(runner.encode([ids[ODD.index(LONG)]]), expected[[ODD.index(LONG)]]),
            ],
            "backwards": cosine(runner.encode(ids[::-1])[::-1], rows[name]),
            "none": list(runner.encode([]).shape),
            "encoder": [runner.encoder, runner.pads, runner.details["attention"]],
            "digest": runner.digest,
        }
        runner.close()
    return {**results, "both": cosine(*rows.values())}


def proof(model: Path, where: Path) -> dict[str, object]:
    """The reason of each encoder in each mode. The reference is that of transformers on the CPU, as for a family that
    OpenVINO's graph lacks.
    """
    read = folder.read(model)
    results: dict[str, object] = {}
    for mode in ("exact", "auto", "fast"):
        for name in ENCODERS:
            with (
                patch.object(select_encoder, "encoders", lambda _, name=name: (name,)),
                patch.object(select_encoder.families, "buildable", lambda _: False),
            ):
                runner = select_encoder.load(read, Options(mode=mode, state=where), "cpu")
            results[f"{mode} {name}"] = runner.encoder_reason
            runner.close()
    return {**results, "references": len(list(where.glob("sample-*.npz")))}
