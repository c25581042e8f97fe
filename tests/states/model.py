"""A host on which only Docker, systemd and the data are doubles: the commands, the flows, the runner, the journal, the
lock and the table are real. Each situation is reached by the commands themselves, killed where it says so.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omnimind_ops import __version__, cli, world
from omnimind_ops.flows import carry, converge, down, health, migrate, port_check, restart, rollback
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.flows.run_inputs import arguments
from omnimind_ops.flows.unfinished_carry import cut_carry
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.run import Run
from omnimind_ops.paths import Paths
from omnimind_ops.planning.migration import migrate as plan
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.planning.situation import Situation, situation
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from omnimind_ops.runner import copies
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.steps import boot
from tests import engine_double
from tests.engine_double import container
from tests.migrated import DATA, IDS, VOLUME, WRITERS
from tests.states.rim import Rim

MIGRATE = ("migrate", "--from-docker", "--no-bench")
NOTHING = tuple(word for part in ("redis", "qdrant", "uploads") for word in ("--leave", part))
"""The steps that carry the data itself are not made on this model."""
KILLS = {
    Situation.WARM: "warm-qdrant:do",
    Situation.CUTOVER: "read-qdrant:do",
    Situation.ARRIVING: "activate-units:do",
    Situation.AT_WORK: "warm-qdrant:do",
}


@dataclass(frozen=True)
class Said:
    """What a command ended with and printed."""

    code: int
    text: str


@dataclass
class Model:
    """The host below `folder`."""

    folder: Path
    rim: Rim

    @property
    def paths(self) -> Paths:
        """Its paths."""
        return Paths(self.folder / "root")

    @property
    def run(self) -> Run | None:
        """The newest migration."""
        return History(self.paths.journal).latest(name="migrate")

    @property
    def situation(self) -> Situation:
        """What a command would find."""
        carry = cut_carry(History(self.paths.journal), self.run)
        return situation(self.run, lost=copies.missing(self.paths.journal) is not None, carrying=carry is not None)

    @property
    def serves(self) -> frozenset[str]:
        """Which sides are whole: both or none of them is an end that must not be."""
        containers = self.rim.double.state["containers"]
        running = [one for one in containers if one["State"]["Running"]]
        old = len(running) == len(IDS) and all(
            one["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped" for one in running
        )
        native = self.rim.native and not running
        return frozenset(["old"] * old + ["native"] * native) - (frozenset(["old"]) if self.rim.native else frozenset())

    def command(self, *words: str) -> Said:
        """Run a command of omnimind in this process."""
        out, argv = io.StringIO(), sys.argv
        sys.argv = ["omnimind", *words]
        try:
            with redirect_stdout(out), redirect_stderr(out):
                cli.main()
        except SystemExit as ended:
            return Said(int(ended.code or 0), out.getvalue())
        finally:
            sys.argv = argv
        return Said(0, out.getvalue())

    def run_trigger(self, trigger: Trigger) -> Said:
        """Run the command of a column."""
        words = shlex.split(trigger)
        return self.command(*words, *(["--no-bench"] if words[0] == "migrate" else []))

    def killed(self, step: str, *words: str) -> None:
        """Run a command in a process of its own that is killed at a step."""
        pid = os.fork()
        if pid == 0:
            self.rim.kill_at = step
            said = self.command(*words)
            os.write(2, f"not killed at {step}: {said}".encode())
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL, step

    def reboot(self) -> None:
        """Containers that Docker starts by itself come back, then the unit that a run has installed does its work."""
        for one in self.rim.double.state["containers"]:
            if one["HostConfig"]["RestartPolicy"]["Name"] == "no":
                self.rim.set(one["Id"], running=False)
        unit = boot.unit_path(self.paths)
        if (unit.parent / "multi-user.target.wants" / unit.name).exists():
            start = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
            self.command(*shlex.split(start)[1:])

    def recreate(self, *, start: bool) -> None:
        """`docker compose up` after a `down`, or `up --no-start`: other IDs, the same data."""
        self.rim.double.set(containers=[])
        for number, name in enumerate(IDS):
            self.rim.double.add(self._container(name, str(number) * 64))
            self.rim.set(str(number) * 64, running=start, policy="unless-stopped")

    def begin(self) -> None:
        """Record a migration before its first step, as `migrate` does once a person has agreed."""
        target = self.paths.root / "etc/systemd/system/omnimind.target"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("[Unit]\n")
        goal = self._goal()
        with Journal(self.paths.journal) as journal:
            journal.create(plan(self._source(), goal, 10), self._setup(goal))

    def start_containers(self) -> None:
        """The old stack serves."""
        self.rim.double.set(containers=[], volumes=[VOLUME])
        self._bind().mkdir(parents=True, exist_ok=True)
        for name, id in IDS.items():
            self.rim.double.add(self._container(name, id))
            self.rim.set(id, running=True, policy="unless-stopped")

    def _container(self, name: str, id: str) -> dict[str, object]:
        return container(id, f"omnimind_{name}_1", name, self._mounts(name))

    def _bind(self) -> Path:
        return self.folder / "root/data/qdrant"

    def _mounts(self, name: str) -> list[tuple[str, str, str]]:
        mounts = {"qdrant": [("bind", str(self._bind()), "/qdrant/storage")], "redis": [("volume", VOLUME, "/data")]}
        return mounts.get(name, [])

    def _goal(self) -> Goal:
        state = self.paths.root / "var/lib"
        return Goal(
            qdrant_home=str(state / "qdrant"), redis_dir=str(state / "redis"), uploads=str(state / "omnimind/uploads")
        )

    def _source(self) -> Source:
        qdrant = QdrantSource(IDS["qdrant"], "http://127.0.0.1:6333", "", str(self._bind()), "/qdrant/qdrant", "1.9.0")
        redis = RedisSource(IDS["redis"], "", 6379, "", "rdb", "same version")
        ids = (tuple(IDS[name] for name in names) for names in (IDS, WRITERS, DATA))
        return Source("omnimind", *ids, (), (), qdrant, redis)

    def _setup(self, goal: Goal) -> dict[str, Any]:
        names = ("kind", "origin", "target")
        old = [
            {
                "id": IDS[name],
                "name": f"omnimind_{name}_1",
                "image": name,
                "service": name,
                "mounts": [dict(zip(names, mount, strict=True)) for mount in self._mounts(name)],
            }
            for name in IDS
        ]
        asked = {"asked": arguments(MigrateOptions()), "goal": asdict(goal), "code": {"version": __version__}}
        return {**asked, "project": "omnimind", "containers": old, "confirm_minutes": 10}


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Make the doubles of this process' host."""
    made = Model(folder, Rim(engine_double.install(folder, monkeypatch), folder))

    def reached(*_words: object, **_more: object) -> None:
        raise SystemExit(0)  # at the rim: from here on only services are started or asked

    monkeypatch.setattr(Paths.__init__, "__defaults__", (folder / "root",))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(migrate, "handlers", made.rim.handlers)
    monkeypatch.setattr(migrate, "RESTART_SECONDS", 0)
    monkeypatch.setattr(rollback, "RESTART_SECONDS", 0)
    monkeypatch.setattr(rollback, "handlers", made.rim.handlers)
    monkeypatch.setattr(carry, "handlers", made.rim.handlers)
    monkeypatch.setattr(converge, "converge", lambda *words: 0)
    monkeypatch.setattr(port_check, "check", reached)
    monkeypatch.setattr(restart, "restart", lambda *words: ())
    monkeypatch.setattr(down, "down", lambda *words: down.Down((), 0))
    find = world.find

    def found(settings: Any, paths: Paths, *words: Any) -> Any:
        if not (paths.root / "etc/systemd/system/omnimind.target").exists():
            return find(settings, paths, *words)
        return SimpleNamespace(native=True, lock=paths.lock, journal=paths.journal, logs=paths.logs, mode="native")

    monkeypatch.setattr(world, "find", found)
    monkeypatch.setattr(
        health, "monitor", lambda settings, paths, **more: SimpleNamespace(world=found(settings, paths), check=reached)
    )
    return made


def reach(model: Model, wanted: Situation) -> None:
    """Bring a fresh model into a situation."""
    model.start_containers()
    if wanted is Situation.NONE:
        return
    model.begin()
    steps: dict[Situation, Callable[[], object]] = {
        Situation.POSTPONED: lambda: model.command(*MIGRATE, "--postpone"),
        Situation.UNCONFIRMED: lambda: model.command(*MIGRATE),
        **{name: lambda at=at: model.killed(at, *MIGRATE, "--yes") for name, at in KILLS.items()},  # type: ignore[misc]
    }
    if wanted in steps:
        steps[wanted]()
        return
    model.command(*MIGRATE, "--yes")
    if wanted is Situation.RETURNING:
        model.killed("stop-data:undo", "rollback", "--yes")
    if wanted is Situation.CARRYING:
        model.killed("export-postgres:do", "rollback", "--yes", "--with-data", *NOTHING)
    if wanted is Situation.FAILED:
        (model.folder / "broken").write_text("final-qdrant:undo")
    if wanted in (Situation.FAILED, Situation.ROLLED_BACK):
        model.command("rollback", "--yes")
    if wanted is Situation.FINISHED:
        model.command("finish", "--yes")
    if wanted is Situation.LOST:
        model.paths.journal.write_bytes(bytes(10_000))


def save(model: Model, place: Path) -> None:
    """Keep the model's state."""
    for name in ("root", "engine.json", "native", "broken"):
        source = model.folder / name
        if source.is_dir():
            shutil.copytree(source, place / name, symlinks=True)
        elif source.exists():
            shutil.copy(source, place / name)


def restore(model: Model, place: Path) -> None:
    """Bring the model back to a state that was kept."""
    shutil.rmtree(model.folder / "root", ignore_errors=True)
    for name in ("engine.json", "native", "broken"):
        (model.folder / name).unlink(missing_ok=True)
    shutil.copytree(place, model.folder, symlinks=True, dirs_exist_ok=True)
    rim = model.rim
    rim.kill_at, rim.full_at, rim.at = "", "", ""
    rim.reached.clear()
