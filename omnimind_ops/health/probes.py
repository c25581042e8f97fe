"""Which question is asked of which service.

Start at of(): what the health check asks; native(): what a migration waits for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.credentials import Credentials
from omnimind_ops.health import programs, stores
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.health import Outcome
from omnimind_ops.model.json import JSON
from omnimind_ops.model.world import World

SECONDS = 3.0
"""That one probe may take (Pebble's default)."""
GUARD_FILE = "health.json"
"""In World.run: what the guard saw last."""
GUARD_SECONDS = 35.0
"""The guard writes every 10 s; three times nothing is not slowness any more."""
Probe = Callable[[], str | None]


def of(
    service: Service,
    world: World,
    *,
    deep: bool = True,
    seconds: float = SECONDS,
    before: Mapping[str, JSON] | None = None,
) -> Outcome:
    """Ask one service; never raises for what a service may do wrong. `before`: facts of its last good outcome."""
    return asked(lambda: _ask(service, world, deep, seconds, before or {}), seconds)


def asked(question: Callable[[], Outcome], seconds: float) -> Outcome:
    """Put a question; what goes wrong on the way is an Outcome too."""
    try:
        return question()
    except TimeoutError:
        return Outcome(False, why=f"no answer within {seconds:g} s", silent=True)
    except FileNotFoundError:
        return Outcome(False, why="its socket is not there")
    except ConnectionRefusedError:
        return Outcome(False, why="nobody listens")
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:  # an answer that is none
        return Outcome(False, why=str(error).strip() or type(error).__name__)


def _ask(service: Service, world: World, deep: bool, seconds: float, before: Mapping[str, JSON]) -> Outcome:
    match service.kind:
        case Kind.POSTGRES:
            return stores.postgres(world.postgres_dsn, seconds, deep=deep)
        case Kind.REDIS:
            return stores.redis(world.redis_url, seconds, deep=deep)
        case Kind.QDRANT:
            said = stores.qdrant(world.qdrant_url, world.qdrant_key, world.collection, seconds, deep=deep)
            return replace(said, detail=f"stand-in (qdrant-edge), {said.detail}") if world.standin else said
        case Kind.ENGINE:
            return programs.engine(service.socket or "", seconds, deep=deep, before=before)
        case Kind.BACKEND:
            return programs.backend(service.port or 0, seconds, deep=deep)
        case Kind.FRONTEND:
            return programs.frontend(service.port or 0, seconds)
        case Kind.GUARD:
            return programs.guard(world.run / GUARD_FILE, time.time(), GUARD_SECONDS, watches=world.auto_recovery)


def native(goal: Goal, credentials: Credentials, engine: Path = Path("/run/omnimind/engine.sock")) -> dict[str, Probe]:
    """Return every native service's shallow probe, in start order; None means that it answers.

    They write nothing: a migration compares data.
    """
    url = f"redis://:{credentials.redis}@127.0.0.1:{goal.redis_port}"
    base = f"http://127.0.0.1:{goal.qdrant_port}"
    return {
        "postgresql": _probe(lambda: stores.postgres(credentials.postgres, SECONDS, deep=False)),
        "redis": _probe(lambda: stores.redis(url, SECONDS, deep=False)),
        "qdrant": _probe(lambda: stores.qdrant(base, credentials.qdrant, goal.collection, SECONDS, deep=False)),
        "engine": _probe(lambda: programs.engine(str(engine), SECONDS, deep=False, before={})),
        **{f"backend:{port}": _backend(port) for port in goal.backend_ports},
        "frontend": _probe(lambda: programs.frontend(goal.frontend_port, SECONDS)),
    }


def _backend(port: int) -> Probe:
    return _probe(lambda: programs.backend(port, SECONDS, deep=False))


def _probe(question: Callable[[], Outcome]) -> Probe:
    def probe() -> str | None:
        said = asked(question, SECONDS)
        return None if said.ready else said.why or "not ready"

    return probe
