"""Probe of each service, one file per service.

Start at of(): the probe of the health check; native(): the probes that a migration waits for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.credentials import Credentials
from omnimind_ops.health.probes import backend, engine, frontend, guard, postgres, qdrant, redis
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.health import Outcome
from omnimind_ops.model.json import JSON
from omnimind_ops.model.world import World

SECONDS = 3.0
"""Time-out of one probe in seconds (Pebble's default)."""
GUARD_FILE = "health.json"
"""File in World.run with the guard's last check."""
GUARD_SECONDS = 35.0
"""The guard writes every 10 s; after three missed writes it is not just slow."""
Probe = Callable[[], str | None]


@dataclass(frozen=True)
class Depth:
    """How a service is probed.

    `deep`: write and read, or compute. `every_worker`: ask all workers of a backend, not only until one is ready.
    `seconds`: time limit.
    """

    deep: bool = True
    every_worker: bool = True
    seconds: float = SECONDS


DEEP, SHALLOW = Depth(), Depth(deep=False)


def of(service: Service, world: World, depth: Depth = DEEP, *, before: Mapping[str, JSON] | None = None) -> Outcome:
    """Probe one service; failures of the service raise no exception. `before`: facts of its last good outcome."""
    return outcome_of(lambda: _probe(service, world, depth, before or {}), depth.seconds)


def outcome_of(probe: Callable[[], Outcome], seconds: float) -> Outcome:
    """Run a probe and return its outcome; errors on the way also become an Outcome."""
    try:
        return probe()
    except TimeoutError:
        return Outcome(False, why=f"no answer within {seconds:g} s", silent=True)
    except FileNotFoundError:
        return Outcome(False, why="its socket does not exist")
    except ConnectionRefusedError:
        return Outcome(False, why="nothing listens on its port")
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:  # an invalid response
        return Outcome(False, why=str(error).strip() or type(error).__name__)


def _probe(service: Service, world: World, depth: Depth, before: Mapping[str, JSON]) -> Outcome:
    deep, seconds = depth.deep, depth.seconds
    match service.kind:
        case Kind.POSTGRES:
            return postgres.probe(world.postgres_dsn, seconds, deep=deep)
        case Kind.REDIS:
            return redis.probe(world.redis_url, seconds, deep=deep)
        case Kind.QDRANT:
            outcome = qdrant.probe(world.qdrant_url, world.qdrant_key, world.system.collection, seconds, deep=deep)
            return replace(outcome, detail=f"stand-in (qdrant-edge), {outcome.detail}") if world.standin else outcome
        case Kind.ENGINE:
            return engine.probe(service.socket or "", seconds, deep=deep, before=before)
        case Kind.BACKEND:
            port, count = service.port or 0, len(service.processes)
            if not deep:
                return backend.any_worker(port, seconds)
            return backend.all_workers(port, count, seconds, until_ready=not depth.every_worker)
        case Kind.FRONTEND:
            return frontend.probe(service.port or 0, seconds)
        case Kind.GUARD:
            return guard.probe(world.run / GUARD_FILE, time.time(), GUARD_SECONDS, watches=world.system.auto_recovery)


def native(
    goal: Goal, credentials: Credentials, engine_socket: Path = Path("/run/omnimind/engine.sock")
) -> dict[str, Probe]:
    """Return the shallow probe of every native service, in start order. A probe returns None when the service is ready.

    The probes write nothing, because a migration compares data.
    """
    redis_url = f"redis://:{credentials.redis}@127.0.0.1:{goal.redis_port}"
    qdrant_url = f"http://127.0.0.1:{goal.qdrant_port}"
    return {
        "postgresql": _native(lambda: postgres.probe(credentials.postgres, SECONDS, deep=False)),
        "redis": _native(lambda: redis.probe(redis_url, SECONDS, deep=False)),
        "qdrant": _native(lambda: qdrant.probe(qdrant_url, credentials.qdrant, goal.collection, SECONDS, deep=False)),
        "engine": _native(lambda: engine.probe(str(engine_socket), SECONDS, deep=False, before={})),
        **{f"backend:{port}": _native(partial(backend.any_worker, port, SECONDS)) for port in goal.backend_ports},
        "frontend": _native(lambda: frontend.probe(goal.frontend_port, SECONDS)),
    }


def _native(probe: Callable[[], Outcome]) -> Probe:
    def failure() -> str | None:
        outcome = outcome_of(probe, SECONDS)
        return None if outcome.ready else outcome.why or "not ready"

    return failure
