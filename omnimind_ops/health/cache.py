"""Cache: the data kept between checks, and the file in which the guard saves it for other processes."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from omnimind_ops.health.history import HOUR, WINDOW, ServiceHistory, Thresholds
from omnimind_ops.health.probe_pool import ProbePool
from omnimind_ops.model.health import Change, Outcome, State

TTL = 2.0
"""Seconds before a service is probed again."""
FRESH = 120.0
"""Seconds after which the file's current state (not its history) is too old."""
VERSION = 1


@dataclass
class Cache:
    """The cache of one process that checks. `now` is unix time, `at` monotonic."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    ttl: float = TTL
    now: Callable[[], float] = time.time
    at: Callable[[], float] = time.monotonic
    histories: dict[str, ServiceHistory] = field(default_factory=dict)
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=20))
    gave_up: dict[str, str] = field(default_factory=dict)  # service → why the guard no longer restarts it
    last: dict[str, Any] = field(default_factory=dict)  # last results that belong to no service: host, manager
    pool: ProbePool[Any] = field(default_factory=ProbePool)

    def history(self, service: str) -> ServiceHistory:
        """Return the history of a service."""
        return self.histories.setdefault(service, ServiceHistory())

    def note(self, service: str, text: str) -> None:
        """Record a change."""
        self.changes.append(Change(self.now(), service, text))


def save(cache: Cache, file: Path) -> None:
    """Save the cache atomically: a reader sees the new file or the previous one. It contains no secrets."""
    body = {
        "version": VERSION,
        "at": cache.now(),
        "pid": os.getpid(),
        "services": {name: _history(history, cache) for name, history in cache.histories.items()},
        "changes": [{"at": change.at, "service": change.service, "text": change.text} for change in cache.changes],
        "gave_up": cache.gave_up,
    }
    write(file, json.dumps(body))


def _history(history: ServiceHistory, cache: Cache) -> dict[str, Any]:
    outcome, now, at = history.outcome, cache.now(), cache.at()
    last = asdict(replace(outcome, facts={**outcome.facts, "vector": None})) if outcome else None
    if last:
        last.pop("reports")  # only the check that asked the workers needs them
    return {
        "state": history.state,
        "good": history.good,
        "bad": history.bad,
        "latencies": list(history.latencies),
        "restarts": [moment for moment in history.restarts if moment > now - HOUR],
        "crashes": [moment for moment in history.crashes if moment > now - HOUR],
        "pids": history.pids,
        "counts": history.counts,
        "proven": sorted(history.proven),
        "started": None if history.started is None else now - (at - history.started),
        "facts": {key: value for key, value in history.facts.items() if key in ("vector", "of")},
        "outcome": last,
        "asked": now - (at - history.at),
    }


def write(file: Path, text: str) -> None:
    """Replace a file atomically; mode 0644."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        temporary.write_text(text)
        temporary.chmod(0o644)
        temporary.replace(file)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def load(file: Path, thresholds: Thresholds, **clocks: Callable[[], float]) -> Cache:
    """Return a cache with the data of the guard's file: latencies, restarts, last change.

    A missing or broken file gives an empty cache.
    """
    cache = Cache(thresholds, **clocks)  # type: ignore[arg-type]
    try:
        members = json.loads(file.read_text())
        if members["version"] == VERSION:
            _load(cache, members)
    except (OSError, ValueError, KeyError, TypeError):
        return Cache(thresholds, **clocks)  # type: ignore[arg-type]
    return cache


def _load(cache: Cache, members: Mapping[str, Any]) -> None:
    cache.changes.extend(Change(change["at"], change["service"], change["text"]) for change in members["changes"])
    is_fresh = cache.now() - members["at"] < FRESH
    if is_fresh:
        cache.gave_up.update(members["gave_up"])
    for name, service in members["services"].items():
        history = cache.history(name)
        history.latencies = deque(service["latencies"], maxlen=WINDOW)
        history.restarts.extend(service["restarts"])
        history.crashes.extend(service["crashes"])
        history.facts = service["facts"]
        if is_fresh:
            _load_state(history, service, cache.at() - cache.now())


def _load_state(history: ServiceHistory, service: Mapping[str, Any], offset: float) -> None:
    """Load the current state; `offset` turns unix time into monotonic time."""
    history.state = State(service["state"]) if service["state"] else None
    history.good, history.bad = service["good"], service["bad"]
    if outcome := service["outcome"]:
        history.outcome = Outcome(**{**outcome, "blames": tuple(outcome["blames"])})
        history.at = service["asked"] + offset
    history.started = None if service["started"] is None else service["started"] + offset
    history.pids, history.counts = dict(service["pids"]), dict(service["counts"])
    history.proven = frozenset(service["proven"])
