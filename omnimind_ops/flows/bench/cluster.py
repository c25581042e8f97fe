"""All backends under requests at a fixed rate, distributed round-robin.

A request that fails on one backend is retried on the others, as the web page does.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from omnimind_ops import managers
from omnimind_ops.bench import corpus
from omnimind_ops.bench.arrivals import Arrival, achieved, due
from omnimind_ops.bench.document import Measured
from omnimind_ops.bench.figures import figures
from omnimind_ops.catalogue import Service, named
from omnimind_ops.flows.bench.http import Answer, ask
from omnimind_ops.flows.bench.load import opened
from omnimind_ops.flows.bench.options import Session
from omnimind_ops.model.event import line, progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem

PATIENCE = 30.0
"""Seconds that a user waits for one backend."""
WARM_UP = 12
PARTS = 5
"""Parts of the measuring time; their medians show whether the speed was steady."""
OFF = {"cache-control": "no-store"}


@dataclass
class Case:
    """One measurement; `found` is in the order of the answers."""

    session: Session
    texts: list[str]
    found: list[Arrival] = field(default_factory=list)
    device: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    killed_at: float | None = None

    def act(self, number: int, began: float) -> None:
        """Send the request to the backend whose turn it is, then to the others until one answers."""
        urls, rate = self.session.target.urls, self.session.asked.rate
        order = [urls[(number + step) % len(urls)] for step in range(len(urls))]
        sent, why = time.monotonic() - began, ""
        tried: list[str] = []
        for url in order:
            answer, why_not = self.asked(url, self.texts[number % len(self.texts)])
            if answer:
                self._keep(
                    Arrival(
                        due(number, rate),
                        sent,
                        time.monotonic() - began,
                        url,
                        answer.headers.get("x-backend", ""),
                        tuple(tried),
                        why,
                    )
                )
                return
            why = why_not
            tried.append(url)
        self._keep(Arrival(due(number, rate), sent, time.monotonic() - began, "", "", tuple(tried), why))

    def asked(self, url: str, text: str) -> tuple[Answer | None, str]:
        """Return the answer, or None and the reason when there is no usable one."""
        route = self.session.route
        try:
            answer = ask(url, route.request([text], OFF if route.is_ours else {}), self.session.headers, PATIENCE)
        except OSError as error:
            return None, type(error).__name__
        if answer.status in (502, 503, 504):
            return None, f"HTTP {answer.status}"
        if answer.status != 200:
            said = answer.body[:200].decode(errors="replace")
            raise Problem(
                "cannot measure the cluster",
                f"{url} answered {answer.status}: {said}",
                "see its log: omnimind logs backend",
            )
        self.device = answer.headers.get("x-device", "") or self.device
        return answer, ""

    def _keep(self, one: Arrival) -> None:
        with self.lock:
            self.found.append(one)
            done = len(self.found)
        self.session.tell(progress("bench", "asking all backends", done, requests(self.session), "requests"))


def requests(session: Session) -> int:
    """Return the total number of requests."""
    return max(1, round(session.asked.rate * session.asked.load_seconds))


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    asked = session.asked
    chosen: dict[str, JSON] = {
        "n": requests(session),
        "batch": 1,
        "rate": asked.rate,
        "seconds": asked.load_seconds,
        "concurrency": asked.concurrency,
    }
    return {
        **chosen,
        "device": "auto",
        "cache": "off",
        "target": session.target.name,
        "kill": asked.kill,
        "corpus": f"v{corpus.VERSION}",
    }


def measure(session: Session) -> Measured:
    """Warm up, then run the load. Ctrl-C keeps the results so far."""
    victim = _victim(session) if session.asked.kill else None
    texts = sorted(corpus.texts(400), key=len)[:200]
    case, is_cut = Case(session, texts), False
    for number in range(WARM_UP):
        case.asked(session.target.urls[number % len(session.target.urls)], texts[number])
    killer = threading.Timer(session.asked.load_seconds / 2, lambda: _kill(case, victim)) if victim else None
    began = time.monotonic()
    try:
        if killer:
            killer.start()
        opened(requests(session), lambda number: due(number, session.asked.rate), case.act, session.asked.concurrency)
    except KeyboardInterrupt:
        is_cut = True
    finally:
        if killer:
            killer.cancel()
    if case.killed_at is not None:
        case.killed_at -= began
    return _measured(case, victim, interrupted=is_cut)


def _victim(session: Session) -> Service:
    world = session.target.world
    found = named(world, f"backend-{world.system.backend_ports[0]}") if world else None
    if world is None or found is None:
        raise Problem(
            "cannot kill a backend",
            "only this machine's own system is ours to kill",
            "leave --kill out, or leave --target out",
        )
    managers.of(world).states(found.processes)  # whoever may not query its state may not kill it either
    return found


def _kill(case: Case, victim: Service) -> None:
    world = case.session.target.world
    assert world
    case.killed_at = time.monotonic()
    try:
        for name in victim.processes:
            managers.of(world).kill(name)
    except Problem as problem:
        case.killed_at = None
        case.session.tell(line("bench", f"nothing was killed: {problem}"))


def _measured(case: Case, victim: Service | None, *, interrupted: bool) -> Measured:
    found = sorted(case.found, key=lambda one: one.due)
    good = [one for one in found if not one.is_lost]
    latencies = [one.latency for one in good]
    rate, makes = achieved(found), bool(case.session.route.makes)
    elapsed = [max(one.ended for one in found) * 1000] if found else []
    backends: list[JSON] = [_backend(url, good) for url in case.session.target.urls]
    killed: dict[str, JSON] | None = None
    if victim and case.killed_at is not None:
        after = [one.latency for one in good if one.ended >= case.killed_at]
        killed = {
            "service": victim.name,
            "processes": list(victim.processes),
            "at_s": round(case.killed_at, 3),
            "longest_ms": max(after, default=None),
        }
    return Measured(
        case="cluster",
        device=case.device or "not told",
        walls=latencies,
        medians=_medians(good),
        elapsed=elapsed,
        stages=[
            {
                "name": "waited for a caller",
                **figures([max(0.0, one.latency - one.service) for one in good]),
                "note": "from when it was due to when it was sent",
            },
            {
                "name": "asked",
                **figures([one.service for one in good]),
                "note": f"{case.session.route.method} {case.session.route.path}, one short text",
            },
        ],
        texts_per_s=rate if makes else None,
        interrupted=interrupted,
        more={
            "requests": len(found),
            "requests_per_s": round(rate, 3),
            "lost": len(found) - len(good),
            "retried": sum(bool(one.tried) for one in good),
            "errors": dict(Counter(one.why for one in found if one.tried)),
            "service": dict(figures([one.service for one in good])),
            "backends": backends,
            "killed": killed,
        },
    )


def _backend(url: str, good: Sequence[Arrival]) -> dict[str, JSON]:
    own = [one for one in good if one.backend == url]
    return {
        "url": url,
        "answers": len(own),
        "workers": sorted({one.worker for one in own if one.worker}),
        **figures([one.latency for one in own]),
    }


def _medians(good: Sequence[Arrival]) -> list[float]:
    """Return the median of each fifth of the requests, in the order in which they were due."""
    size = len(good) // PARTS
    return (
        [statistics.median(one.latency for one in good[at * size : (at + 1) * size]) for at in range(PARTS)]
        if size
        else []
    )
