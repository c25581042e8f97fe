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
from omnimind_ops.bench.document import Measurement
from omnimind_ops.bench.stages import Sample
from omnimind_ops.flows.bench import cache as bench_cache
from omnimind_ops.flows.bench.load import run_closed_loop
from omnimind_ops.flows.bench.options import Session, refuse_other_device
from omnimind_ops.flows.bench.timed_http import Request, Response, send_checked
from omnimind_ops.model.event import progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

WARM_UP = 64
"""Texts, at least two batches: enough for connections, the engine's first tensor shapes and the collection's schema."""
LIMIT = 10
_CACHE = re.compile(r"(hits|misses)=(\d+)")


class OutOfTimeError(Exception):
    """The time limit is reached."""


@dataclass
class _Observed:
    """Values read from the answers besides their timings."""

    device: str = ""
    digest: str = ""
    model: str = ""
    hits: int = 0
    misses: int = 0
    cache_state: str = ""
    points: int = 0
    first_query: float | None = None
    tokens: int = 0


@dataclass
class EmbeddingRun:
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
    observed: _Observed = field(default_factory=_Observed)
    ends: float = float("inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def warm_up(self) -> None:
        """Send requests that are not counted; with a warm cache all of them, to fill it."""
        options = self.session.options
        count = max(2, -(-WARM_UP // options.batch))
        self._send_batch(self.batches[0])
        self._clear_cache()
        run_closed_loop(
            self.batches if self.cache == "warm" else self.batches[: count - 1],
            lambda batch: self._run_batch(batch, None),
            options.concurrency,
        )
        self.observed.hits = self.observed.misses = self.observed.tokens = 0

    def repeat(self, number: int) -> None:
        """Run all batches once."""
        if self.cache == "cold":
            self._clear_cache()
        self.part, self.part_texts = [], 0
        began = time.perf_counter()
        try:
            run_closed_loop(
                self.batches, lambda batch: self._run_batch(batch, number), self.session.options.concurrency
            )
        finally:
            self.part_ms = (time.perf_counter() - began) * 1000
        self.elapsed.append(self.part_ms)
        self.repeats.append(self.part)
        self.part = []

    def close(self) -> None:
        """Leave the cache as it was."""
        if self.cache in ("cold", "warm"):
            self._clear_cache()

    @property
    def medians(self) -> list[float]:
        """Return the median of each complete run in milliseconds."""
        return [statistics.median(sample.wall for sample in samples) for samples in self.repeats]

    def _run_batch(self, batch: list[str], number: int | None) -> None:
        if time.monotonic() > self.ends:
            raise OutOfTimeError
        sample = self._send_batch(batch)
        if number is not None:
            with self.lock:
                self.part.append(sample)
                self.part_texts += len(batch)
                done = self.part_texts
            self.session.tell(
                progress(
                    "bench",
                    f"repeat {number} of at most {self.session.options.repeats}",
                    done,
                    len(self.texts),
                    "texts",
                )
            )

    def _send_batch(self, batch: list[str]) -> Sample:
        """Request one batch's embeddings, then search for the neighbours of its first text."""
        session = self.session
        control = {"cache-control": "no-store"} if self.cache == "off" else {}
        response = send_checked(
            session.url, session.route.request(batch, control), session.headers, session.options.patience
        )
        with self.lock:
            self._record_response(response)
        exchanges = [response.exchange]
        if session.options.qdrant and session.route.is_omnimind:
            query = Request("GET", "/search?" + urlencode({"q": batch[0], "limit": LIMIT}), headers=control)
            search_response = send_checked(session.url, query, session.headers, session.options.patience)
            with self.lock:
                self._record_search(search_response)
            exchanges.append(search_response.exchange)
        return stages.sample(exchanges)

    def _record_response(self, response: Response) -> None:
        headers, observed = response.headers, self.observed
        device = headers.get("x-device", "")
        observed.digest, observed.model = (
            headers.get("x-model-digest", ""),
            headers.get("x-model", ""),
        )  # first, so that the cache can be cleaned up whatever fails below
        if self.session.route.input_field:
            refuse_other_device(self.session.options.device, device)
        if observed.device and device != observed.device:
            raise Problem(
                "cannot measure",
                f"the device changed from {observed.device} to {device} during the measurement",
                "find the reason with `omnimind health`, then measure again",
            )
        observed.device = device
        counts = dict(_CACHE.findall(headers.get("x-cache", "")))
        observed.hits, observed.misses = (
            observed.hits + int(counts.get("hits", 0)),
            observed.misses + int(counts.get("misses", 0)),
        )
        state = headers.get("x-cache", "").partition("state=")[2]
        observed.cache_state = state if state not in ("", "off") else observed.cache_state
        observed.tokens += int(headers.get("x-tokens", 0))

    def _record_search(self, response: Response) -> None:
        if self.observed.first_query is None:
            self.observed.first_query = response.exchange.server_stages.get("qdrant")
        self.observed.points = max(self.observed.points, len(json.loads(response.body)["results"]))

    def _clear_cache(self) -> None:
        if self.cache in ("cold", "warm"):
            bench_cache.delete_entries(self.session.target, self.observed.digest, self.texts)


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    options, route = session.options, session.route
    return {
        "n": options.n,
        "batch": options.batch if route.input_field else 1,
        "concurrency": options.concurrency,
        "device": options.device,
        "cache": bench_cache.mode(options, session.target, route),
        "target": session.target.name,
        "corpus": f"v{corpus.VERSION}",
        "qdrant": options.qdrant and route.is_omnimind,
        "asks": "embeddings" if route.input_field else "health",
    }


def measure(session: Session) -> Measurement:
    """Warm up, then repeat until the noise is low enough, or the repeats or the time run out.

    Ctrl-C keeps the results so far.
    """
    options, size = session.options, session.options.batch if session.route.input_field else 1
    texts = corpus.texts(options.n)
    run = EmbeddingRun(
        session,
        bench_cache.mode(options, session.target, session.route),
        texts,
        [texts[at : at + size] for at in range(0, len(texts), size)],
    )
    began, is_interrupted, is_out_of_time = time.monotonic(), False, False
    run.ends = began + options.ends if options.ends else run.ends
    try:
        session.tell(progress("bench", "warming up", 0, options.n, "texts"))
        run.warm_up()
        while not noise.enough(run.medians, options.repeats) and (
            not run.elapsed or time.monotonic() - began + run.elapsed[-1] / 1000 < options.seconds
        ):
            run.repeat(len(run.repeats) + 1)
    except (KeyboardInterrupt, OutOfTimeError) as error:
        is_interrupted, is_out_of_time = True, isinstance(error, OutOfTimeError)
    finally:
        run.close()
    measurement = _measured(run, interrupted=is_interrupted)
    measurement.more |= {"out_of_time": True} if is_out_of_time else {}
    return measurement


def _measured(run: EmbeddingRun, *, interrupted: bool) -> Measurement:
    samples = [sample for samples in run.repeats for sample in samples] + run.part
    runs = len(run.repeats) + (run.part_texts / len(run.texts) if run.part else 0)
    is_embedding = bool(run.session.route.input_field)
    is_reported = bool(samples) and all(sample.is_reported for sample in samples)
    more: dict[str, JSON] = {
        "route": _route(run),
        "model": run.observed.model,
        "embedding": dict(stages.embedding_figures(samples, runs)),
        "cache": {"hits": run.observed.hits, "misses": run.observed.misses},
    }
    return Measurement(
        case="embeddings",
        device=run.observed.device or "not reported",
        walls=[sample.wall for sample in samples],
        medians=run.medians,
        elapsed=run.elapsed,
        stages=stages.stage_rows(samples, runs, _notes(run, is_reported=is_reported)),
        sum_check=stages.sum_check(samples),
        texts_per_s=_rate(run) if is_embedding else None,
        interrupted=interrupted,
        more=more,
    )


def _rate(run: EmbeddingRun) -> float | None:
    if run.elapsed:
        return len(run.texts) / (statistics.median(run.elapsed) / 1000)
    return run.part_texts / (run.part_ms / 1000) if run.part_ms and run.part_texts else None


def _route(run: EmbeddingRun) -> str:
    route = run.session.route
    return f"{route.method} {route.path}" + (
        " and GET /search" if run.session.options.qdrant and route.is_omnimind else ""
    )


def _notes(run: EmbeddingRun, *, is_reported: bool) -> Mapping[str, str]:
    """Return notes that explain the rows of the table to its reader."""
    observed, session = run.observed, run.session
    notes = {"request": f"{_route(run)}", "tcp": "a new connection for each request"}
    if not session.route.input_field:
        notes["backend"] = "it serves no embeddings: only its response time was measured"
    elif not is_reported:
        notes["backend"] = "all of the server's time: it reports no stages"
    if not is_reported:
        return notes
    device_and_model = ", ".join(filter(None, (observed.device or "device not reported", observed.model)))
    notes["inference"] = (
        device_and_model if observed.misses or run.cache == "off" else "not used: everything was cached"
    )
    notes["redis"] = _redis(run)
    notes["qdrant"] = _qdrant(observed) if session.options.qdrant else "skipped (--no-qdrant)"
    return notes


def _redis(run: EmbeddingRun) -> str:
    observed = run.observed
    text = {
        "cold": "cold: looked up, computed, written, ",
        "warm": "warm: ",
        "off": "off: only the rate limit is counted",
    }[run.cache]
    hits = f"{observed.hits} of {observed.hits + observed.misses} found" if run.cache != "off" else ""
    return text + hits + (f"; {observed.cache_state}" if observed.cache_state else "")


def _qdrant(observed: _Observed) -> str:
    first = f"; the first query took {observed.first_query:.1f} ms (cold)" if observed.first_query is not None else ""
    return (
        f"warm: one query per batch, {observed.points} points each"
        if observed.points
        else "warm: one query per batch; no points found"
    ) + first
