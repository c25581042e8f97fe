"""Choice of the precision by measurement: half precision is used if, on this GPU and model, it agrees and is faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from backend.engine.gpu.card import Card
from backend.engine.gpu.errors import recognise
from backend.engine.gpu.network import Network
from backend.engine.reference import cosine
from backend.engine.runner import Vectors

AGREEMENT = {"auto": 0.999, "fast": 0.99}
"""Minimum cosine to float32 on every sample text, by mode."""
_WORTH = 1.1
"""Minimum speed-up of half precision."""

Embed = Callable[[Network], Vectors]
"""Embeds the sample with a network."""


@dataclass(frozen=True)
class Choice:
    """The chosen network, its lowest cosine to float32, and the reason for the choice."""

    network: Network
    agreement: float
    reason: str


def choose(card: Card, mode: str, make: Callable[[str], Network], embed: Embed) -> Choice:
    """Return float32 for mode exact; otherwise the first half precision that agrees and pays, or float32."""
    full = make("f32")
    if mode == "exact":
        return Choice(full, 1.0, "mode exact")
    if not card.half:
        return Choice(full, 1.0, card.why_not)
    expected, slow = _timed(full, embed)
    reasons: list[str] = []
    for precision in card.half:
        try:
            half = make(precision)
            vectors, fast = _timed(half, embed)
        except RuntimeError as error:
            reasons.append(f"{precision} fails: {recognise(str(error)).text}")
            continue
        verdict = _verdict(precision, cosine(vectors, expected), slow / fast, AGREEMENT[mode])
        if not verdict.startswith("no "):
            return Choice(half, cosine(vectors, expected), verdict)
        reasons.append(verdict)
    return Choice(full, 1.0, "; ".join(reasons))


def _verdict(precision: str, agreement: float, gain: float, required: float) -> str:
    if agreement < required:
        return f"no {precision}: cosine to f32 {agreement:.5f}, {required} is required"
    if gain < _WORTH:
        return f"no {precision}: only {gain:.2f} × the speed of f32"
    return f"{precision}: cosine to f32 {agreement:.5f}, {gain:.1f} × its speed"


def _timed(network: Network, embed: Embed) -> tuple[Vectors, float]:
    """Embed the sample after a warm-up. Return its rows and the fastest time.

    It makes up to three runs, as many as start within 0.2 s.
    """
    rows = embed(network)
    times: list[float] = []
    while len(times) < 3 and sum(times) < 0.2:
        start = time.perf_counter()
        embed(network)
        times.append(time.perf_counter() - start)
    return rows, min(times)
