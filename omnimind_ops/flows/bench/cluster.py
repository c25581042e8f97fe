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
from omnimind_ops.bench.arrivals import Arrival, achieved_rate, due_time
from omnimind_ops.bench.document import Measurement
from omnimind_ops.bench.figures import figures
from omnimind_ops.catalogue import Service, named
from omnimind_ops.flows.bench.load import run_open_loop
from omnimind_ops.flows.bench.options import Session
from omnimind_ops.flows.bench.timed_http import Response, send
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
class LoadRun:
    """One measurement; `arrivals` is in the order of the responses."""

    session: Session
    texts: list[str]
    arrivals: list[Arrival] = field(default_factory=list)
    device: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    killed_at: float | None = None

    def send_with_failover(self, number: int, began: float) -> None:
        """Send the request to the backend whose turn it is, then to the others until one answers."""
        urls, rate = self.session.target.urls, self.session.options.rate
        order = [urls[(number + step) % len(urls)] for step in range(len(urls))]
        sent, failure = time.monotonic() - began, ""
        failed: list[str] = []
        for url in order:
            response, next_failure = self.send(url, self.texts[number % len(self.texts)])
            if response:
                self._keep(
                    Arrival(
                        due_time(number, rate),
                        sent,
                        time.monotonic() - began,
                        url,
                        response.headers.get("x-backend", ""),
                        tuple(failed),
                        failure,
                    )
                )
                return
            failure = next_failure
            failed.append(url)
        self._keep(Arrival(due_time(number, rate), sent, time.monotonic() - began, "", "", tuple(failed), failure))

    def send(self, url: str, text: str) -> tuple[Response | None, str]:
        """Return the answer, or None and the reason when there is no usable one."""
        route = self.session.route
        try:
            response = send(
                url, route.request([text], OFF if route.is_omnimind else {}), self.session.headers, PATIENCE
            )
        except OSError as error:
            return None, type(error).__name__
        if response.status in (502, 503, 504):
            return None, f"HTTP {response.status}"
        if response.status != 200:
            response_text = response.body[:200].decode(errors="replace")
            raise Problem(
                "cannot measure the cluster",
                f"{url} responded with HTTP {response.status}: {response_text}",
                "see its log: omnimind logs backend",
            )
        self.device = response.headers.get("x-device", "") or self.device
        return response, ""

    def _keep(self, arrival: Arrival) -> None:
        with self.lock:
            self.arrivals.append(arrival)
            done = len(self.arrivals)
        self.session.tell(
            progress("bench", "sending requests to all backends", done, requests(self.session), "requests")
        )


def requests(session: Session) -> int:
    """Return the total number of requests."""
    return max(1, round(session.options.rate * session.options.load_seconds))


def settings(session: Session) -> dict[str, JSON]:
    """Return the settings of this measurement, as the comparison uses them."""
    options = session.options
    chosen: dict[str, JSON] = {
        "n": requests(session),
        "batch": 1,
        "rate": options.rate,
        "seconds": options.load_seconds,
        "concurrency": options.concurrency,
    }
    return {
        **chosen,
        "device": "auto",
        "cache": "off",
        "target": session.target.name,
        "kill": options.kill,
        "corpus": f"v{corpus.VERSION}",
    }


def measure(session: Session) -> Measurement:
    """Warm up, then run the load. Ctrl-C keeps the results so far."""
    service_to_kill = _backend_to_kill(session) if session.options.kill else None
    texts = sorted(corpus.texts(400), key=len)[:200]
    run, is_interrupted = LoadRun(session, texts), False
    for number in range(WARM_UP):
        run.send(session.target.urls[number % len(session.target.urls)], texts[number])
    killer = (
        threading.Timer(session.options.load_seconds / 2, lambda: _kill(run, service_to_kill))
        if service_to_kill
        else None
    )
    began = time.monotonic()
    try:
        if killer:
            killer.start()
        run_open_loop(
            requests(session),
            lambda number: due_time(number, session.options.rate),
            run.send_with_failover,
            session.options.concurrency,
        )
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        if killer:
            killer.cancel()
    if run.killed_at is not None:
        run.killed_at -= began
    return _measured(run, service_to_kill, interrupted=is_interrupted)


def _backend_to_kill(session: Session) -> Service:
    world = session.target.world
    service = named(world, f"backend-{world.system.backend_ports[0]}") if world else None
    if world is None or service is None:
        raise Problem(
            "cannot kill a backend",
            "--kill works only on this machine's own system",
            "omit --kill, or omit --target",
        )
    managers.of(world).states(service.processes)  # whoever may not query its state may not kill it either
    return service


def _kill(run: LoadRun, service_to_kill: Service) -> None:
    world = run.session.target.world
    assert world
    run.killed_at = time.monotonic()
    try:
        for name in service_to_kill.processes:
            managers.of(world).kill(name)
    except Problem as problem:
        run.killed_at = None
        run.session.tell(line("bench", f"nothing was killed: {problem}"))


def _measured(run: LoadRun, service: Service | None, *, interrupted: bool) -> Measurement:
    arrivals = sorted(run.arrivals, key=lambda arrival: arrival.due)
    completed = [arrival for arrival in arrivals if not arrival.is_lost]
    latencies = [arrival.latency for arrival in completed]
    rate = achieved_rate(arrivals)
    elapsed = [max(arrival.ended for arrival in arrivals) * 1000] if arrivals else []
    backends: list[JSON] = [_backend(url, completed) for url in run.session.target.urls]
    return Measurement(
        case="cluster",
        device=run.device or "not reported",
        walls=latencies,
        medians=_medians(completed),
        elapsed=elapsed,
        stages=_stages(run, completed),
        texts_per_s=rate if run.session.route.input_field else None,
        interrupted=interrupted,
        more={
            "requests": len(arrivals),
            "requests_per_s": round(rate, 3),
            "lost": len(arrivals) - len(completed),
            "retried": sum(bool(arrival.failed) for arrival in completed),
            "errors": dict(Counter(arrival.reason for arrival in arrivals if arrival.failed)),
            "service": dict(figures([arrival.service for arrival in completed])),
            "backends": backends,
            "killed": _killed(run, service, completed),
        },
    )


def _stages(run: LoadRun, completed: Sequence[Arrival]) -> list[dict[str, JSON]]:
    return [
        {
            "name": "waiting for a free caller",
            **figures([max(0.0, arrival.latency - arrival.service) for arrival in completed]),
            "note": "from due time to send time",
        },
        {
            "name": "request",
            **figures([arrival.service for arrival in completed]),
            "note": f"{run.session.route.method} {run.session.route.path}, one short text",
        },
    ]


def _killed(run: LoadRun, service: Service | None, completed: Sequence[Arrival]) -> dict[str, JSON] | None:
    """Return which service was killed, when, and the longest latency of the requests that ended after it."""
    if service is None or run.killed_at is None:
        return None
    return {
        "service": service.name,
        "processes": list(service.processes),
        "at_s": round(run.killed_at, 3),
        "longest_ms": max((arrival.latency for arrival in completed if arrival.ended >= run.killed_at), default=None),
    }


def _backend(url: str, arrivals: Sequence[Arrival]) -> dict[str, JSON]:
    answered = [arrival for arrival in arrivals if arrival.backend == url]
    return {
        "url": url,
        "answers": len(answered),
        "workers": sorted({arrival.worker for arrival in answered if arrival.worker}),
        **figures([arrival.latency for arrival in answered]),
    }


def _medians(arrivals: Sequence[Arrival]) -> list[float]:
    """Return the median of each fifth of the requests, in the order in which they were due."""
    size = len(arrivals) // PARTS
    return (
        [statistics.median(arrival.latency for arrival in arrivals[at * size : (at + 1) * size]) for at in range(PARTS)]
        if size
        else []
    )
