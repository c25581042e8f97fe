"""Probes of OmniMind's own programs: engine, backend, frontend, guard."""

from __future__ import annotations

import array
import base64
import math
from collections.abc import Mapping
from pathlib import Path
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


def engine(path: str, seconds: float, *, deep: bool, before: Mapping[str, JSON]) -> Outcome:
    """Probe the engine and return its compute device. Deep: embed a fixed text and compare with `before`, the facts of
    the last good outcome.
    """
    said = http.request(path, seconds, "/health")
    words: Mapping[str, Any] = said.json() or {}
    if said.status != 200:
        return Outcome(False, why=str(words.get("reason") or said.summary), starting=words.get("state") == "starting")
    facts: dict[str, JSON] = {
        name: words.get(name) for name in ("device", "expected", "reason", "proof", "gpu", "model_digest")
    }
    detail = _device(words)
    if words.get("state") == "degraded":
        return Outcome(True, None, detail, str(words.get("reason") or "degraded"), degraded=True, facts=facts)
    if not deep:
        return Outcome(True, detail=detail, facts=facts)
    try:
        answer = http.request(path, seconds, "/embed", method="POST", body={"texts": [TEXT], "truncate": True})
    except TimeoutError:
        return _late(words, detail, facts, seconds)
    if answer.status == 503:
        return Outcome(True, True, f"{detail}, queue full", "its queue is full", degraded=True, facts=facts)
    if answer.status != 200:
        return Outcome(True, False, detail, f"cannot embed: {answer.summary}", facts=facts)
    return _compare(answer, detail, facts, before)


def _late(words: Mapping[str, Any], detail: str, facts: dict[str, JSON], seconds: float) -> Outcome:
    """Return the outcome of a time-out. An engine is busy when other texts are waiting and its last self-test is
    recent; it runs the self-test between batches. Otherwise its device hangs.
    """
    waiting, age = (words.get("queue") or {}).get("texts") or 0, (words.get("proof") or {}).get("age_s") or 0.0
    if waiting and age < HUNG:
        return Outcome(True, None, detail, f"busy: {waiting} texts are waiting", degraded=True, facts=facts)
    return Outcome(
        True,
        False,
        detail,
        f"does not embed a text within {seconds:g} s, though it is not busy",
        silent=True,
        facts=facts,
    )


def _compare(answer: http.Response, detail: str, facts: dict[str, JSON], before: Mapping[str, JSON]) -> Outcome:
    row = array.array("f", answer.body)
    length = math.sqrt(sum(x * x for x in row))
    if not row or not math.isfinite(length) or length == 0:
        return Outcome(True, False, detail, "its embedding is empty or not a number", facts=facts)
    facts |= {
        "vector": base64.b64encode(answer.body).decode(),
        "of": f"{answer.headers.get('x-model-digest')} {answer.headers.get('x-precision')}",
    }
    if before.get("of") == facts["of"] and isinstance(before.get("vector"), str):
        old = array.array("f", base64.b64decode(str(before["vector"])))
        cosine = sum(x * y for x, y in zip(row, old, strict=False)) / (
            length * (math.sqrt(sum(x * x for x in old)) or 1)
        )
        if len(old) != len(row) or not cosine >= SAME:
            return Outcome(
                True,
                False,
                detail,
                f"it embeds the same text differently than before (cosine {cosine:.4f})",
                facts=facts,
            )
    return Outcome(True, True, detail, facts=facts)


def _device(words: Mapping[str, Any]) -> str:
    proof = words.get("proof") or {}
    age = proof.get("age_s")
    proven = (
        f" proven {age:.0f} s ago"
        if proof.get("ok") and isinstance(age, int | float)
        else ""
        if not proof
        else " not proven"
    )
    return f"{words.get('device', '?')}{proven}, {words.get('precision', '?')}"


def backend(port: int, seconds: float, *, deep: bool) -> Outcome:
    """Probe one worker of a port. Deep: the worker probes the stores and the engine, and names what fails."""
    said = http.request(("127.0.0.1", port), seconds, "/health/" if deep else "/health/ready")
    words: Mapping[str, Any] = said.json() or {}
    checks: Mapping[str, Any] = words.get("checks") or {}
    bad = {
        name: str(one.get("detail") or one.get("state"))
        for name, one in checks.items()
        if one.get("state") in ("down", "failed")
    }
    if said.status == 200:
        return Outcome(True, True if deep else None, f"worker {words.get('worker', '?')} answered")
    if bad:
        return Outcome(
            False,
            False if deep else None,
            why="; ".join(f"{name}: {text}" for name, text in bad.items()),
            blames=tuple(bad),
        )
    return Outcome(False, why=said.summary, starting=said.status == 503)


def frontend(port: int, seconds: float) -> Outcome:
    """Probe the frontend by requesting the page."""
    said = http.request(("127.0.0.1", port), seconds, "/")
    is_page = said.status == 200 and b"<html" in said.body[:2000].lower()
    return Outcome(
        is_page,
        is_page,
        "serves the page" if is_page else "",
        "" if is_page else f"does not serve the page: {said.summary}",
    )


def guard(file: Path, now: float, patience: float, *, watches: bool) -> Outcome:
    """Return the outcome from the time of the guard's last write; `now` is unix time."""
    try:
        age = now - file.stat().st_mtime
    except OSError:
        return Outcome(False, why="it has not looked at anything yet", starting=True)
    if age > patience:
        return Outcome(False, why=f"it last looked {age:.0f} s ago", silent=True)
    return Outcome(True, True, "recovers what fails" if watches else "only observes (auto_recovery is off)")
