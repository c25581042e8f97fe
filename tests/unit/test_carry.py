"""What was written natively goes back into the old stores, and a failure leaves everything as it was.

The servers, their data, the plan, the runner and the journal are real; systemd and Docker are at the rim: a unit or a
container is one of the processes of this test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.credentials import Credentials
from omnimind_ops.model import native
from omnimind_ops.model.carry import ExportPayload, StartContainersPayload, StopUnitsPayload, UnitsNotes
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import NoNotes, VerifyNotes
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.since import Part
from omnimind_ops.model.status import RunState
from omnimind_ops.planning.carry import Route, plan
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.execution import by_kind
from omnimind_ops.runner.journal import Journal
from omnimind_ops.runner.outcome import Outcome
from omnimind_ops.steps.carry_folder import CarryFolderStep
from omnimind_ops.steps.carry_redis import LoadRedisStep, ParkRedisStep
from omnimind_ops.steps.read_native import ReadNativeStep
from omnimind_ops.steps.verify_old import VerifyOldStep
from omnimind_ops.stores.files.carry import parking
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from tests.qdrant import Server, free_port
from tests.qdrant_standin import contents
from tests.services import Process
from tests.stores.files.test_carry import facts
from tests.stores.redis import sample
from tests.stores.redis.servers import REDIS, need_servers

WRITER = "omnimind-8000@1.service"


def redis_server(folder: Path, port: int, *settings: str) -> Process:
    """A Redis on TCP with its data in a folder; it saves when it stops."""
    import redis

    folder.mkdir(parents=True, exist_ok=True)
    command = (REDIS, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "3600 1", *settings)
    ask = redis.Redis(port=port, socket_timeout=5)
    return Process(f"redis {port}", command, lambda: bool(ask.ping()), folder.parent / f"redis-{port}.log")


@dataclass
class World:
    """Both sides, and what runs of them."""

    home: Path
    aof: bool
    ports: dict[str, int] = field(default_factory=lambda: {"native": free_port(), "old": free_port()})
    writer: bool = True
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = ("--appendonly", "yes") if self.aof else ()
        self.redis = {
            "native": redis_server(self.home / "native/redis", self.ports["native"]),
            "old": redis_server(self.home / "old/redis", self.ports["old"], *settings),
        }
        self.qdrant = {side: Server(self.home / side / "qdrant") for side in ("native", "old")}

    def client(self, side: str, db: int = 0) -> Any:
        """redis-py's own view."""
        import redis

        return redis.Redis(port=self.ports[side], db=db, protocol=2, socket_timeout=30)

    def keys(self, side: str) -> dict[tuple[int, bytes], object]:
        """Every key with its value and expiry; DUMP is exact within one version."""
        clients = {db: self.client(side, db) for db in (0, 3)}
        return {
            (db, key): (
                sorted(client.smembers(key)) if client.type(key) == b"set" else client.type(key),
                client.pexpiretime(key),
            )
            for db, client in clients.items()
            for key in client.keys()
        }

    def uploads(self, side: str) -> Path:
        return self.home / side / "uploads"

    def stop(self) -> None:
        for side in ("native", "old"):
            self.redis[side].stop()
            self.qdrant[side].kill()

    @property
    def native_serves(self) -> bool:
        return self.writer and bool(self.redis["native"].running) and bool(self.qdrant["native"].process)


@dataclass(frozen=True)
class Units:
    """systemd: stops and starts the native processes."""

    world: World
    payload = StopUnitsPayload
    notes = UnitsNotes

    def do(self, step: Task[StopUnitsPayload], memo: object, tell: object) -> bool:
        if WRITER in step.payload.units:
            self.world.writer = False
        if native.REDIS in step.payload.units:
            assert not self.world.writer, "the writers stop first"
            self.world.redis["native"].stop()
        if native.QDRANT in step.payload.units:
            self.world.qdrant["native"].stop()
        return True

    def undo(self, step: Task[StopUnitsPayload], memo: object, tell: object) -> None:
        if native.REDIS in step.payload.units and not self.world.redis["native"].running:
            self.world.redis["native"].start()
        if native.QDRANT in step.payload.units and not self.world.qdrant["native"].process:
            self.world.qdrant["native"].start()
        if WRITER in step.payload.units:
            self.world.writer = True


@dataclass(frozen=True)
class Containers:
    """Docker: starts and stops the old stores."""

    world: World
    payload = StartContainersPayload
    notes = NoNotes

    def do(self, step: object, memo: object, tell: object) -> bool:
        self.world.redis["old"].start()
        self.world.qdrant["old"].start()
        return True

    def undo(self, step: object, memo: object, tell: object) -> None:
        self.world.redis["old"].stop()
        if self.world.qdrant["old"].process:
            self.world.qdrant["old"].stop()


@dataclass(frozen=True)
class Export:
    payload = ExportPayload
    notes = NoNotes

    def do(self, step: object, memo: object, tell: object) -> bool:
        return True

    def undo(self, step: object, memo: object, tell: object) -> None:
        pass


def fill(world: World, side: str) -> None:
    sample.fill(world.client(side), world.client(side, 3))
    contents.fill(world.qdrant[side].client(), 60)
    folder = world.uploads(side)
    (folder / "mine").mkdir(parents=True)
    for name in ("kept", "changed", "gone", "mine/kept"):
        (folder / name).write_text(f"old {name}")


def write_natively(world: World) -> None:
    """New, changed and removed things in every store."""
    client, uploads = world.client("native"), world.uploads("native")
    client.set("new key", b"\x00\xff", ex=86_400)
    client.hset("hash", "field", "written natively")
    client.delete("set")
    world.client("native", 3).rpush("new list", *range(5))
    qdrant = world.qdrant["native"].client()
    contents.add(qdrant, range(60, 90))
    qdrant.delete(contents.NAME, [0, 1])
    (uploads / "new").write_text("new")
    (uploads / "changed").write_text("written natively")
    (uploads / "gone").unlink()


APPEND_ONLY = [False, True]


@pytest.fixture
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """Two equal sides; the old one is stopped, the native one serves and was written to."""
    need_servers()
    made = World(tmp_path, request.param)
    try:
        made.redis["old"].start()
        made.qdrant["old"].start()
        fill(made, "old")
        made.redis["native"].start()
        sample.fill(made.client("native"), made.client("native", 3))
        made.redis["old"].stop()
        made.qdrant["old"].stop()
        shutil.copytree(made.qdrant["old"].storage, made.qdrant["native"].storage)
        shutil.copytree(made.uploads("old"), made.uploads("native"))
        made.qdrant["native"].start()
        write_natively(made)
        yield made
    finally:
        made.stop()


def carry(world: World, **handlers: object) -> tuple[Outcome, Journal]:
    """Do it as the command does."""
    goal = Goal(redis_port=world.ports["native"], qdrant_port=world.qdrant["native"].port)
    goal = replace(goal, qdrant_home=str(world.home / "native/qdrant"))
    pairs = [
        (Part.QDRANT, world.qdrant["native"].storage, world.qdrant["old"].storage),
        (Part.UPLOADS, world.uploads("native"), world.uploads("old")),
        (Part.REDIS, world.home / "native/redis", world.home / "old/redis"),
    ]
    routes = [Route(part, str(new), str(old), part, "", str(parking(old, "run"))) for part, new, old in pairs]
    made = plan(routes, goal, str(world.home / "stage/redis.rdb"), "")
    old_redis = lambda id: RedisEndpoint("127.0.0.1", world.ports["old"])  # noqa: E731
    kinds = by_kind(
        Units(world),  # type: ignore[arg-type]
        Containers(world),  # type: ignore[arg-type]
        Export(),  # type: ignore[arg-type]
        ReadNativeStep(goal, lambda: Credentials("", "", "")),
        CarryFolderStep(),
        ParkRedisStep(),
        LoadRedisStep(old_redis),
        VerifyOldStep(lambda id: QdrantEndpoint(world.qdrant["old"].url), old_redis),
    )
    journal = Journal(world.home / "journal.db")
    run = journal.create(made, {})
    return runner.apply(run, journal, {**kinds, **handlers}, lambda event: None), journal  # type: ignore[dict-item]


@pytest.mark.parametrize("world", APPEND_ONLY, ids=["dump", "append-only"], indirect=True)
def test_the_old_stores_get_what_came_changed_and_vanished(world: World) -> None:
    keys = world.keys("native")
    points = contents.seen(world.qdrant["native"].client())
    outcome, _ = carry(world)
    run = outcome.check()
    assert world.keys("old") == keys
    assert contents.seen(world.qdrant["old"].client()) == points
    assert {name: fact[3] for name, fact in facts(world.uploads("old")).items()} == {
        name: fact[3] for name, fact in facts(world.uploads("native")).items()
    }
    assert (parking(world.uploads("old"), "run") / "gone").read_text() == "old gone"
    verify = run.record("verify-old")
    assert verify and set(verify.notes(VerifyNotes).compared) == {"redis", "qdrant"}
    world.redis["old"].stop(9)  # what was copied is on the disk
    world.redis["old"].start()
    assert world.keys("old") == keys


@pytest.mark.parametrize(
    ("world", "step"),
    [
        (False, "carry-folder"),
        (False, "park-redis"),
        (True, "start-containers"),
        (True, "load-redis"),
        (False, "verify-old"),
    ],
    indirect=["world"],
)
def test_a_failure_leaves_the_old_data_as_it_was_and_the_native_side_serving(world: World, step: str) -> None:
    before = {name: fact for name, fact in facts(world.home / "old").items() if ".log" not in name}
    keys = world.keys("native")

    def fail(handler: Any) -> Any:
        class Failing:
            payload, notes, undo = handler.payload, handler.notes, handler.undo

            def do(self, *arguments: object) -> bool:
                handler.do(*arguments)
                raise Problem("cannot go on", "the test says so", "stop")

        return Failing()

    old_redis = lambda id: RedisEndpoint("127.0.0.1", world.ports["old"])  # noqa: E731
    handlers: dict[str, Any] = {
        "carry-folder": CarryFolderStep(),
        "park-redis": ParkRedisStep(),
        "start-containers": Containers(world),
        "load-redis": LoadRedisStep(old_redis),
        "verify-old": VerifyOldStep(lambda id: QdrantEndpoint(world.qdrant["old"].url), old_redis),
    }
    outcome, _ = carry(world, **{step: fail(handlers[step])})
    assert outcome.state is RunState.ROLLED_BACK and outcome.problem and not outcome.not_undone
    assert world.native_serves and world.keys("native") == keys
    world.client("native").set("a write", "is not held any more")
    assert {name: fact for name, fact in facts(world.home / "old").items() if ".log" not in name} == before
