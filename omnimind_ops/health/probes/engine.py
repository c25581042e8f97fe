"""Probe of the engine. Deep: embed one text."""

from __future__ import annotations

import array
import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from omnimind_ops.model.health import Outcome
from omnimind_ops.model.json import JSON
from omnimind_ops.tools import http

TEXT = "The quick brown fox jumps over the lazy dog."
HUNG = 300.0
"""Seconds since its last self-test after which an engine with a full queue counts as stuck, not busy."""
SAME = 0.99
"""Minimum cosine between two embeddings of one text by the same model. Less means another model (a quantised mode
reaches 0.99).
"""


@dataclass(frozen=True)
class EngineHealth:
    """The engine's answer to GET /health. `proof` is its last self-test: True if it passed, None before the first."""

    state: str
    device: str
    expected: str
    reason: str
    precision: str
    model_digest: str
    proof: bool | None
    proof_age: float | None  # s
    proof_detail: str
    queued: int  # texts

    @property
    def description(self) -> str:
        """Return the device, how well it is proven, and the precision."""
        proof = "" if self.proof is None else " not proven"
        if self.proof and self.proof_age is not None:
            proof = f" proven {self.proof_age:.0f} s ago"
        return f"{self.device}{proof}, {self.precision}"

    @property
    def facts(self) -> dict[str, JSON]:
        """Return what later checks and the GPU row need."""
        reason = self.reason if self.proof in (True, None) else self.proof_detail or self.reason
        return {
            "device": self.device,
            "expected": self.expected,
            "reason": reason,
            "model_digest": self.model_digest,
        }


def probe(path: str, seconds: float, *, deep: bool, before: Mapping[str, JSON]) -> Outcome:
    """Probe the engine and return its compute device. Deep: embed a fixed text and compare with `before`, the facts of
    the last good outcome.
    """
    answer = http.request(path, seconds, "/health")
    health = _engine_health(answer.json() or {})
    if answer.status != HTTPStatus.OK:
        return Outcome(False, why=health.reason or answer.summary, starting=health.state == "starting")
    well = Outcome(True, None, health.description, facts=health.facts)
    if health.state == "degraded":
        return replace(well, why=health.reason or "degraded", degraded=True)
    if not deep:
        return well
    try:
        embedding = http.request(path, seconds, "/embed", method="POST", body={"texts": [TEXT], "truncate": True})
    except TimeoutError:
        return _late(health, well, seconds)
    if embedding.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return replace(well, useful=True, detail=f"{well.detail}, queue full", why="its queue is full", degraded=True)
    if embedding.status != HTTPStatus.OK:
        return replace(well, useful=False, why=f"cannot embed: {embedding.summary}")
    return _compare(embedding, well, before)


def _engine_health(body: Mapping[str, Any]) -> EngineHealth:
    proof: Mapping[str, Any] = body.get("proof") or {}
    queue: Mapping[str, Any] = body.get("queue") or {}
    age = proof.get("age_s")
    return EngineHealth(
        state=str(body.get("state") or ""),
        device=str(body.get("device", "?")),
        expected=str(body.get("expected") or ""),
        reason=str(body.get("reason") or ""),
        precision=str(body.get("precision", "?")),
        model_digest=str(body.get("model_digest") or ""),
        proof=bool(proof.get("ok")) if proof else None,
        proof_age=None if age is None else float(age),
        proof_detail=str(proof.get("detail") or ""),
        queued=int(queue.get("texts") or 0),
    )


def _late(health: EngineHealth, well: Outcome, seconds: float) -> Outcome:
    """Return the outcome of a time-out. An engine is busy when other texts are waiting and its last self-test is
    recent; it runs the self-test between batches. Otherwise its device hangs.
    """
    if health.queued and (health.proof_age or 0.0) < HUNG:
        return replace(well, why=f"busy: {health.queued} texts are waiting", degraded=True)
    why = f"does not embed a text within {seconds:g} s, though it is not busy"
    return replace(well, useful=False, why=why, silent=True)


def _compare(answer: http.Response, well: Outcome, before: Mapping[str, JSON]) -> Outcome:
    vector = array.array("f", answer.body)
    length = _length(vector)
    if not vector or not math.isfinite(length) or length == 0:
        return replace(well, useful=False, why="its embedding is empty or not a number")
    origin = f"{answer.headers.get('x-model-digest')} {answer.headers.get('x-precision')}"
    facts = {**well.facts, "vector": base64.b64encode(answer.body).decode(), "of": origin}
    if before.get("of") == origin and (text := before.get("vector")):
        old = array.array("f", base64.b64decode(str(text)))
        cosine = sum(x * y for x, y in zip(vector, old, strict=False)) / (length * (_length(old) or 1))
        if len(old) != len(vector) or not cosine >= SAME:
            why = f"it embeds the same text differently than before (cosine {cosine:.4f})"
            return replace(well, useful=False, why=why, facts=facts)
    return replace(well, useful=True, facts=facts)


def _length(vector: Sequence[float]) -> float:
    return math.sqrt(sum(x * x for x in vector))
