"""End-to-end time of N embeddings, stage by stage.

Batches of texts go through the backend; after each batch a search queries Qdrant.
"""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from omnimind_ops.bench import corpus, noise, stages
from omnimind_ops.bench.document import Measured
from omnimind_ops.bench.stages import Sample
from omnimind_ops.flows.bench import cache as bench_cache
from omnimind_ops.flows.bench.http import Answer, Request, good
from omnimind_ops.flows.bench.load import closed
from omnimind_ops.flows.bench.options import Session, refuse_other_device
from omnimind_ops.model.event import progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

WARM_UP = 64
"""Texts, at least two batches: enough for connections, the engine's first tensor shapes and the collection's schema."""
LIMIT = 10
_CACHE = re.compile(r"(hits|misses)=(\d+)")


class Enough(Exception):  # noqa: N818 not an error: time is up
    """The time limit is reached."""


@dataclass
class _Seen:
    """Values read from the answers besides their timings."""

    device: str = ""
    digest: str = ""
    model: str = ""
    hits: int = 0
    misses: int = 0
    cache_state: str = ""
    found: int = 0
    first_query: float | None = None
    tokens: int = 0


@dataclass
class Case:
    """One measurement; `repeats` holds the samples of complete runs, `part` those of an interrupted one."""

    session: Session
    cache: str
    texts: list[str]
    batches: list[list[str]]
    repeats: list[list[Sample]] = field(default_factory=list)
    elapsed: list[float] = field(default_factory=list)
    part: list[Sample] = field(default_factory=list)
    part_texts: int = 0
    part_ms: float = 0.0
    seen: _Seen = field(default_factory=_Seen)
    ends: float = float("inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def warm_up(self) -> None:
        """Send requests that are not counted; with a warm cache all of them, to fill it."""
        asked = self.session.asked
        count = max(2, -(-WARM_UP // asked.batch))
        self._once(self.batches[0])
        self._forget()
        closed(
            self.batches if self.cache == "warm" else self.batches[: count - 1],
            lambda batch: self._taken(batch, None),
            asked.concurrency,
        )
        self.seen.hits = self.seen.misses = self.seen.tokens = 0

    def repeat(self, number: int) -> None:
        """Run all batches once."""
        if self.cache == "cold":
            self._forget()
        self.part, self.part_texts = [], 0
        began = time.perf_counter()
        try:
            closed(self.batches, lambda batch: self._taken(batch, number), self.session.asked.concurrency)
        finally:
            self.part_ms = (time.perf_counter() - began) * 1000
        self.elapsed.append(self.part_ms)
        self.repeats.append(self.part)
        self.part = []

    def close(self) -> None:
        """Leave the cache as it was."""
        if self.cache in ("cold", "warm"):
            self._forget()

    @property
    def medians(self) -> list[float]:
        """Return the median of each complete run in milliseconds."""
        return [statistics.median(one.wall for one in samples) for samples in self.repeats]

    def _taken(self, batch: list[str], number: int | None) -> None:
        if time.monotonic() > self.ends:
            raise Enough
        taken = self._once(batch)
        if number is not None:
            with self.lock:
                self.part.append(taken)
                self.part_texts += len(batch)
                done = self.part_texts
            self.session.tell(
                progress(
                    "bench", f"repeat {number} of at most {self.session.asked.repeats}", done, len(self.texts), "texts"
                )
            )

    def _once(self, batch: list[str]) -> Sample:
        """Request one batch's embeddings, then search for the neighbours of its first text."""
        session = self.session
        control = {"cache-control": "no-store"} if self.cache == "off" else {}
        embedded = good(session.url, session.route.request(batch, control), session.headers, session.asked.patience)
        with self.lock:
            self._heard(embedded)
        exchanges = [embedded.exchange]
        if session.asked.qdrant and session.route.is_ours:
            query = Request("GET", "/search?" + urlencode({"q": batch[0], "limit": LIMIT}), headers=control)
            found = good(session.url, query, session.headers, session.asked.patience)
            with self.lock:
                self._searched(found)
            exchanges.append(found.exchange)
        return stages.sample(exchanges)

    def _heard(self, answer: Answer) -> None:
        told, seen = answer.headers, self.seen
        device = told.get("x-device", "")
        seen.digest, seen.model = (
            told.get("x-model-digest", ""),
            told.get("x-model", ""),
        )  # first, so that the cache can be cleaned up whatever fails below
        if self.session.route.makes:
            refuse_other_device(self.session.asked.device, device)
        if seen.device and device != seen.device:
            raise Problem(
                "cannot measure",
                f"the device changed from {seen.device} to {device} meanwhile",
                "see why: omnimind health; then measure again",
            )
        seen.device = device
        counts = dict(_CACHE.findall(told.get("x-cache", "")))
        seen.hits, seen.misses = seen.hits + int(counts.get("hits", 0)), seen.misses + int(counts.get("misses", 0))
        state = told.get("x-cache", "").partition("state=")[2]
        seen.cache_state = state if state not in ("", "off") else seen.cache_state
        seen.tokens += int(told.get("x-tokens", 0))

    def _searched(self, answer: Answer) -> None:
        if self.seen.first_query is None:
            self.seen.first_query = answer.exchange.told.get("qdrant")
        self.seen.found = max(self.seen.found, len(json.loads(answer.body)["results"]))

    def _forget(self) -> None:
        if self.cache in ("cold", "warm"):
            bench_cache.forget(self.session.target, self.seen.digest, self.texts)


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    asked, route = session.asked, session.route
    return {
        "n": asked.n,
        "batch": asked.batch if route.makes else 1,
        "concurrency": asked.concurrency,
        "device": asked.device,
        "cache": bench_cache.mode(asked, session.target, route),
        "target": session.target.name,
        "corpus": f"v{corpus.VERSION}",
        "qdrant": asked.qdrant and route.is_ours,
        "asks": "embeddings" if route.makes else "health",
    }


def measure(session: Session) -> Measured:
    """Warm up, then repeat until the noise is low enough, or the repeats or the time run out.

    Ctrl-C keeps the results so far.
    """
    asked, size = session.asked, session.asked.batch if session.route.makes else 1
    texts = corpus.texts(asked.n)
    case = Case(
        session,
        bench_cache.mode(asked, session.target, session.route),
        texts,
        [texts[at : at + size] for at in range(0, len(texts), size)],
    )
    began, is_cut, is_late = time.monotonic(), False, False
    case.ends = began + asked.ends if asked.ends else case.ends
    try:
        session.tell(progress("bench", "warming up", 0, asked.n, "texts"))
        case.warm_up()
        while not noise.enough(case.medians, asked.repeats) and (
            not case.elapsed or time.monotonic() - began + case.elapsed[-1] / 1000 < asked.seconds
        ):
            case.repeat(len(case.repeats) + 1)
    except (KeyboardInterrupt, Enough) as error:
        is_cut, is_late = True, isinstance(error, Enough)
    finally:
        case.close()
    found = _measured(case, interrupted=is_cut)
    found.more |= {"out_of_time": True} if is_late else {}
    return found


def _measured(case: Case, *, interrupted: bool) -> Measured:
    samples = [one for samples in case.repeats for one in samples] + case.part
    runs = len(case.repeats) + (case.part_texts / len(case.texts) if case.part else 0)
    makes = bool(case.session.route.makes)
    is_told = bool(samples) and all(one.is_told for one in samples)
    more: dict[str, JSON] = {
        "route": _route(case),
        "model": case.seen.model,
        "embedding": dict(stages.embedding(samples, runs)),
        "cache": {"hits": case.seen.hits, "misses": case.seen.misses},
    }
    return Measured(
        case="embeddings",
        device=case.seen.device or "not told",
        walls=[one.wall for one in samples],
        medians=case.medians,
        elapsed=case.elapsed,
        stages=stages.table(samples, runs, _notes(case, is_told=is_told)),
        sum_check=stages.sum_check(samples),
        texts_per_s=_rate(case) if makes else None,
        interrupted=interrupted,
        more=more,
    )


def _rate(case: Case) -> float | None:
    if case.elapsed:
        return len(case.texts) / (statistics.median(case.elapsed) / 1000)
    return case.part_texts / (case.part_ms / 1000) if case.part_ms and case.part_texts else None


def _route(case: Case) -> str:
    route = case.session.route
    return f"{route.method} {route.path}" + (" and GET /search" if case.session.asked.qdrant and route.is_ours else "")


def _notes(case: Case, *, is_told: bool) -> Mapping[str, str]:
    """Return notes that explain the rows of the table to its reader."""
    seen, session = case.seen, case.session
    notes = {"request": f"{_route(case)}", "tcp": "a new connection for each request"}
    if not session.route.makes:
        notes["backend"] = "it answers no embeddings: only how fast it answers was measured"
    elif not is_told:
        notes["backend"] = "all that the server did: it does not tell its stages"
    if not is_told:
        return notes
    calculated = ", ".join(filter(None, (seen.device or "device not told", seen.model)))
    notes["inference"] = calculated if seen.misses or case.cache == "off" else "not asked: all of it was in the cache"
    notes["redis"] = _redis(case)
    notes["qdrant"] = _qdrant(seen) if session.asked.qdrant else "not asked (--no-qdrant)"
    return notes


def _redis(case: Case) -> str:
    seen = case.seen
    words = {
        "cold": "cold: looked for, calculated, written, ",
        "warm": "warm: ",
        "off": "off: only the rate limit is counted",
    }[case.cache]
    found = f"{seen.hits} of {seen.hits + seen.misses} found" if case.cache != "off" else ""
    return words + found + (f"; {seen.cache_state}" if seen.cache_state else "")


def _qdrant(seen: _Seen) -> str:
    first = f"; the first query took {seen.first_query:.1f} ms (cold)" if seen.first_query is not None else ""
    return (
        f"warm: one query a batch, {seen.found} points each"
        if seen.found
        else "warm: one query a batch; nothing to find"
    ) + first
