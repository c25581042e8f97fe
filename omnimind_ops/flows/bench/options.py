"""Options and target of a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omnimind_ops.bench import noise
from omnimind_ops.flows.bench.http import SECONDS, Request, ask
from omnimind_ops.flows.bench.target import Route, Target
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
        for name, value, known in (("--device", self.device, DEVICES), ("--cache", self.cache, CACHES)):
            if value not in known:
                raise Problem(
                    "cannot measure so",
                    f"{name} {value} is unknown",
                    f"one of: {', '.join(filter(None, known))}",
                    code=ExitCode.USAGE,
                )
        if not 1 <= self.batch <= 4096:
            raise Problem(
                "cannot measure so",
                f"--batch {self.batch}: a request takes 1 to 4096 texts",
                "give another number",
                code=ExitCode.USAGE,
            )


@dataclass(frozen=True)
class Session:
    """A measurement in progress: its target, route, headers and event listener."""

    asked: BenchOptions
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
        found = engine.get("versions") if isinstance(engine, dict) else None
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    def _system(self) -> dict[str, Any]:
        import json

        if not self.route.is_ours:
            return {}
        try:
            said = json.loads(ask(self.url, Request("GET", "/system"), self.headers, 15).body)
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


def refuse_other_device(asked: str, told: str) -> None:
    """Raise Problem when the work ran on another device than requested: such a run has no result."""
    if asked == "auto":
        return
    if not told:
        raise Problem(
            f"cannot measure the {asked.upper()}",
            "the answers do not tell on which device they were made",
            "leave --device out: nothing is claimed then",
        )
    if told.startswith("cpu") == (asked == "cpu"):
        return
    fix = (
        "see why: omnimind doctor; omnimind health"
        if asked == "gpu"
        else 'set lock = "cpu" in the settings, or leave --device out'
    )
    raise Problem(f"cannot measure the {asked.upper()}", f"{asked} was asked for and the answers come from {told}", fix)
