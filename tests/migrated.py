"""A migration that is done, as its journal, its engine and its folders describe it: nothing runs, everything is real but
the programs `docker` and `systemctl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from omnimind_ops import __version__
from omnimind_ops.flows import rollback
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.run_inputs import arguments
from omnimind_ops.model.event import Event
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ContainersNotes, HostNotes
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.paths import Paths
from omnimind_ops.planning.migration import migrate as plan
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from omnimind_ops.runner.journal import Journal
from omnimind_ops.steps import units
from tests import engine_double
from tests.engine_double import Double, container

IDS = {name: name[0] * 64 for name in ("qdrant", "redis", "backend", "frontend")}
DATA, WRITERS = ("qdrant", "redis"), ("backend", "frontend")
VOLUME = "e" * 64


@dataclass
class Host:
    """A migrated host as its journal, its engine and its folders describe it."""

    double: Double
    journal: Journal
    paths: Paths
    run: Run
    bind: Path

    def rollback(self, told: Callable[[Event], None] = lambda event: None, *, anyway: bool = False) -> RunState:
        """Roll back as the command does; return the state."""
        run = self.journal.run(self.run.id)
        extra = {"anyway": True} if anyway else {}
        return rollback.rollback(run, self.journal, self.paths, told, **extra).check().state

    @property
    def state(self) -> RunState:
        """Of the run."""
        return self.journal.run(self.run.id).state

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Of the run's steps."""
        return tuple(record.status for record in self.journal.run(self.run.id).steps)

    def mounts(self, name: str) -> list[tuple[str, str, str]]:
        """What an old container mounts."""
        return {
            "qdrant": [("bind", str(self.bind), "/qdrant/storage")],
            "redis": [("volume", VOLUME, "/data")],
        }.get(name, [])

    def create(self, name: str, id: str, mounts: list[tuple[str, str, str]] | None = None) -> None:
        """Let Compose make one of them again."""
        self.double.add(container(id, f"omnimind_{name}_1", name, self.mounts(name) if mounts is None else mounts))


def names(*services: str) -> frozenset[str]:
    return frozenset(f"omnimind_{name}_1" for name in services)


def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits; the containers are stopped and held."""
    monkeypatch.setattr(units, "RECORD", tmp_path / "packages")
    monkeypatch.setattr(units, "POLICY", tmp_path / "policy-rc.d")
    double, bind = engine_double.install(tmp_path, monkeypatch), tmp_path / "data/qdrant"
    bind.mkdir(parents=True)
    paths = Paths(tmp_path / "root")
    source = Source(
        "omnimind",
        tuple(IDS.values()),
        tuple(IDS[name] for name in WRITERS),
        tuple(IDS[name] for name in DATA),
        (),
        (),
        QdrantSource(IDS["qdrant"], "http://127.0.0.1:6333", "", str(bind), "/qdrant/qdrant", "1.9.0"),
        RedisSource(IDS["redis"], "", 6379, "", "empty", "as asked"),
    )
    goal = Goal(qdrant_home=str(tmp_path / "root/var/lib/qdrant"))
    journal = Journal(paths.journal)
    made = Host(double, journal, paths, None, bind)  # type: ignore[arg-type]
    noted = [
        {
            "id": IDS[name],
            "name": f"omnimind_{name}_1",
            "image": name,
            "service": name,
            "mounts": [dict(zip(("kind", "origin", "target"), mount, strict=True)) for mount in made.mounts(name)],
        }
        for name in IDS
    ]
    run = journal.create(
        plan(source, goal, 10),
        {
            "asked": arguments(MigrateOptions()),
            "goal": asdict(goal),
            "project": "omnimind",
            "containers": noted,
            "code": {"version": __version__},
        },
    )
    for record in run.steps:
        journal.mark(run.id, record.step.id, Status.DONE)
    for step, names in (("stop-data", DATA), ("stop-writers", WRITERS)):
        journal.memo(run.id, step, ContainersNotes).write(ContainersNotes(running=tuple(IDS[name] for name in names)))
    policies = dict.fromkeys(IDS.values(), "unless-stopped")
    journal.memo(run.id, "hold-containers", ContainersNotes).write(ContainersNotes(policies=policies))
    journal.memo(run.id, "activate-units", HostNotes).write(HostNotes(before=()))
    journal.state(run.id, RunState.UNCONFIRMED)
    made.run = journal.run(run.id)
    for name, id in IDS.items():
        made.create(name, id)
    double.set(volumes=[VOLUME])
    return made
