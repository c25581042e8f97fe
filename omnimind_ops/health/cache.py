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

from omnimind_ops.health.crew import Crew
from omnimind_ops.health.track import HOUR, WINDOW, Thresholds, Track
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
    tracks: dict[str, Track] = field(default_factory=dict)
    changes: deque[Change] = field(default_factory=lambda: deque(maxlen=20))
    gave_up: dict[str, str] = field(default_factory=dict)  # service → why the guard no longer restarts it
    others: dict[str, Any] = field(default_factory=dict)  # last results that belong to no service: host, manager
    crew: Crew[Any] = field(default_factory=Crew)

    def track(self, service: str) -> Track:
        """Return the track of a service."""
        return self.tracks.setdefault(service, Track())

    def note(self, service: str, text: str) -> None:
        """Record a change."""
        self.changes.append(Change(self.now(), service, text))


def save(cache: Cache, file: Path) -> None:
    """Save the cache atomically: a reader sees the new file or the previous one. It contains no secrets."""
    services = {
        name: {
            "state": track.state,
            "good": track.good,
            "bad": track.bad,
            "latencies": list(track.latencies),
            "restarts": [moment for moment in track.restarts if moment > cache.now() - HOUR],
            "crashes": [moment for moment in track.crashes if moment > cache.now() - HOUR],
            "pids": track.pids,
            "counts": track.counts,
            "proven": sorted(track.proven),
            "started": None if track.started is None else cache.now() - (cache.at() - track.started),
            "facts": {key: value for key, value in track.facts.items() if key in ("vector", "of")},
            "outcome": asdict(replace(track.outcome, facts={**track.outcome.facts, "vector": None}, reports=()))
            if track.outcome
            else None,
            "asked": cache.now() - (cache.at() - track.at),
        }
        for name, track in cache.tracks.items()
    }
    changes = [{"at": one.at, "service": one.service, "text": one.text} for one in cache.changes]
    body = {
        "version": VERSION,
        "at": cache.now(),
        "pid": os.getpid(),
        "services": services,
        "changes": changes,
        "gave_up": cache.gave_up,
    }
    write(file, json.dumps(body))


def write(file: Path, text: str) -> None:
    """Replace a file atomically; mode 0644."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text)
        beside.chmod(0o644)
        beside.replace(file)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def load(file: Path, thresholds: Thresholds, **clocks: Callable[[], float]) -> Cache:
    """Return a cache with the data of the guard's file: latencies, restarts, last change.

    A missing or broken file gives an empty cache.
    """
    cache = Cache(thresholds, **clocks)  # type: ignore[arg-type]
    try:
        words = json.loads(file.read_text())
        if words["version"] == VERSION:
            _fill(cache, words)
    except (OSError, ValueError, KeyError, TypeError):
        return Cache(thresholds, **clocks)  # type: ignore[arg-type]
    return cache


def _fill(cache: Cache, words: Mapping[str, Any]) -> None:
    cache.changes.extend(Change(one["at"], one["service"], one["text"]) for one in words["changes"])
    is_fresh = cache.now() - words["at"] < FRESH
    if is_fresh:
        cache.gave_up.update(words["gave_up"])
    for name, one in words["services"].items():
        track = cache.track(name)
        track.latencies = deque(one["latencies"], maxlen=WINDOW)
        track.restarts.extend(one["restarts"])
        track.crashes.extend(one["crashes"])
        track.facts = one["facts"]
        if is_fresh:
            track.state, track.good, track.bad = State(one["state"]) if one["state"] else None, one["good"], one["bad"]
            if one["outcome"]:
                outcome = {**one["outcome"], "blames": tuple(one["outcome"]["blames"]), "reports": ()}
                track.outcome, track.at = Outcome(**outcome), cache.at() - (cache.now() - one["asked"])
            track.started = None if one["started"] is None else cache.at() - (cache.now() - one["started"])
            track.pids, track.counts, track.proven = dict(one["pids"]), dict(one["counts"]), frozenset(one["proven"])
