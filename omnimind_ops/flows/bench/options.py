"""Options and target of a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omnimind_ops.bench import noise
from omnimind_ops.flows.bench.target import Route, Target
from omnimind_ops.flows.bench.timed_http import SECONDS, Request, send
from omnimind_ops.model.event import Tell
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem

DEVICES = ("auto", "gpu", "cpu")
CACHES = ("", "cold", "warm", "off")


@dataclass(frozen=True)
class BenchOptions:
    """Options of all cases.

    `cache` "" means cold where the written entries can be deleted again, else off. No repeat starts after `seconds`.
    """

    n: int = 1000
    batch: int = 32
    concurrency: int = 1
    device: str = "auto"
    cache: str = ""
    target: str = ""
    qdrant: bool = True
    repeats: int = noise.MOST
    seconds: float = 180.0
    patience: float = SECONDS  # for one answer
    ends: float | None = None  # seconds after which it stops at once and keeps its results so far
    k: int = 10
    rate: float = 20.0
    load_seconds: float = 15.0
    kill: bool = False
    budget: float = 60.0

    def __post_init__(self) -> None:
        """Refuse invalid options (64)."""
        for name, value, allowed in (("--device", self.device, DEVICES), ("--cache", self.cache, CACHES)):
            if value not in allowed:
                raise Problem(
                    "cannot run the benchmark",
                    f"{name} {value} is unknown",
                    f"use one of: {', '.join(filter(None, allowed))}",
                    code=ExitCode.USAGE,
                )
        if not 1 <= self.batch <= 4096:
            raise Problem(
                "cannot run the benchmark",
                f"--batch {self.batch}: a request takes 1 to 4096 texts",
                "use a number in that range",
                code=ExitCode.USAGE,
            )


@dataclass(frozen=True)
class Session:
    """A measurement in progress: its target, route, headers and event listener."""

    options: BenchOptions
    target: Target
    route: Route
    headers: Mapping[str, str] = field(repr=False)
    tell: Tell

    @property
    def url(self) -> str:
        """Return the URL of the first backend."""
        return self.target.urls[0]

    def versions(self) -> dict[str, JSON]:
        """Return the versions of the packages that do the work, as the server reports them; {} if it does not."""
        engine = self._system().get("engine")
        versions = engine.get("versions") if isinstance(engine, dict) else None
        return {str(name): str(value) for name, value in versions.items()} if isinstance(versions, dict) else {}

    def _system(self) -> dict[str, Any]:
        import json

        if not self.route.is_omnimind:
            return {}
        try:
            system = json.loads(send(self.url, Request("GET", "/system"), self.headers, 15).body)
        except (OSError, ValueError):
            return {}
        return system if isinstance(system, dict) else {}


def refuse_other_device(requested: str, reported: str) -> None:
    """Raise Problem when the work ran on another device than requested: such a run has no result."""
    if requested == "auto":
        return
    if not reported:
        raise Problem(
            f"cannot measure the {requested.upper()}",
            "the responses do not name the device",
            "omit --device",
        )
    if reported.startswith("cpu") == (requested == "cpu"):
        return
    fix = (
        "find the reason: omnimind doctor; omnimind health"
        if requested == "gpu"
        else 'set lock = "cpu" in the settings, or omit --device'
    )
    raise Problem(
        f"cannot measure the {requested.upper()}",
        f"{requested} was requested, but the responses came from {reported}",
        fix,
    )
