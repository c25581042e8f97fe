"""PostgreSQL is taken back: what a migration wrote is parked, an earlier database comes back, nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from omnimind_ops.embedded import postgres
from omnimind_ops.model.event import Event
from omnimind_ops.model.notes import DatabaseNotes
from omnimind_ops.model.payloads import DatabasePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps import database
from omnimind_ops.steps.database import DatabaseStep
from omnimind_ops.stores.postgres.parking import Server
from omnimind_ops.tools.psql import PLAIN
from tests.services import Services, services

NAME = "documents_of_a_test"
FIRST, SECOND = "20261130-184100-migrate", "20261201-090000-migrate"


@dataclass
class World:
    """A server with one database, and runs that migrate into it."""

    services: Services
    restarted: list[tuple[str, ...]] = field(default_factory=list)
    notes: dict[str, MemoryNotes] = field(default_factory=dict)

    def server(self, port: int) -> Server:
        def words(port: int, name: str) -> tuple[str, ...]:
            return (str(postgres.program("psql")), f"{self.services.dsn.rpartition('/')[0]}/{name}", *PLAIN)

        return Server(port, words)

    def step(self, run: str) -> tuple[DatabaseStep, Task[DatabasePayload], Memo[DatabaseNotes]]:
        payload = DatabasePayload(self.services.postgres_port, NAME, "omnimind")
        memo = Memo(self.notes.setdefault(run, MemoryNotes()), "empty-database", DatabaseNotes)
        return DatabaseStep(run, self.server), Task("empty-database", payload), memo

    def migrate(self, run: str, *rows: str) -> None:
        """What activate-postgres does, the step itself, and what the native services write then."""
        if not self.server(0).exists(NAME):
            self.services.database(NAME)
        self.schema()
        step, task, memo = self.step(run)
        step.do(task, memo, lambda _: None)
        self.schema()
        assert self.rows() == []
        self.write(*rows)

    def rollback(self, run: str) -> None:
        step, task, memo = self.step(run)
        step.undo(task, memo, lambda _: None)

    def dsn(self, name: str) -> str:
        return f"{self.services.dsn.rpartition('/')[0]}/{name}"

    def schema(self, name: str = NAME) -> None:
        with psycopg.connect(self.dsn(name), autocommit=True) as link:
            link.execute("CREATE TABLE IF NOT EXISTS documents (title text)")
            link.execute("CREATE TABLE IF NOT EXISTS alembic_version AS SELECT '0001' AS version_num")

    def write(self, *rows: str) -> None:
        with psycopg.connect(self.dsn(NAME), autocommit=True) as link:
            for row in rows:
                link.execute("INSERT INTO documents VALUES (%s)", (row,))

    def rows(self, name: str = NAME) -> list[str]:
        with psycopg.connect(self.dsn(name)) as link:
            return [row[0] for row in link.execute("SELECT title FROM documents ORDER BY 1").fetchall()]

    @property
    def parked(self) -> tuple[str, ...]:
        return self.server(0).parked(NAME)


@pytest.fixture(scope="module")
def stores() -> Iterator[Services]:
    with services() as result:
        yield result


@pytest.fixture
def world(stores: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(stores)
    monkeypatch.setattr(database, "run", lambda arguments, **_: made.restarted.append(tuple(arguments)))
    yield made
    for name in (*made.parked, NAME):
        made.server(0).drop(name)


def test_a_second_migration_has_no_ghosts_of_the_first(world: World) -> None:
    world.migrate(FIRST, "ghost")
    world.rollback(FIRST)
    world.migrate(SECOND)
    assert world.rows() == []
    assert world.parked == (f"{NAME}_after_{FIRST}",)
    assert world.rows(world.parked[0]) == ["ghost"]


def test_a_database_that_was_there_before_is_parked_and_comes_back(world: World) -> None:
    world.services.database(NAME)
    world.schema()
    world.write("old")
    world.migrate(FIRST, "new")
    assert world.restarted == [("systemctl", "restart", "omnimind-migrate-db.service")]
    assert world.parked == (f"{NAME}_before_{FIRST}",) and world.rows(world.parked[0]) == ["old"]
    world.rollback(FIRST)
    assert world.rows() == ["old"]
    assert world.parked == (f"{NAME}_after_{FIRST}",) and world.rows(world.parked[0]) == ["new"]


def test_somebody_who_is_connected_does_not_keep_it(world: World) -> None:
    world.migrate(FIRST, "ghost")
    with psycopg.connect(world.dsn(NAME)) as link:
        world.rollback(FIRST)
        with pytest.raises(psycopg.OperationalError):
            link.execute("SELECT 1")
    assert world.parked == (f"{NAME}_after_{FIRST}",)


def test_a_rollback_ends_without_an_answer_and_the_next_migration_parks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL may be why the migration failed: that must not be a run without an exit."""
    world.migrate(FIRST, "ghost")
    monkeypatch.setattr(database, "START_SECONDS", 0)
    _, task, memo = world.step(FIRST)
    events: list[Event] = []
    DatabaseStep(FIRST, lambda port: Server(port, lambda *_: ("false",))).undo(task, memo, events.append)
    assert "does not answer" in getattr(events[0], "text", "")
    world.migrate(SECOND)
    assert world.rows() == [] and world.rows(f"{NAME}_before_{SECOND}") == ["ghost"]


class Cut(BaseException):
    """The process is killed."""


@pytest.mark.parametrize("at", range(12))
def test_cut_anywhere_and_done_again_it_ends_the_same(world: World, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do and undo are each cut before their n-th statement or note, then repeated."""
    world.services.database(NAME)
    world.schema()
    world.write("old")
    step, task, memo = world.step(FIRST)
    _cut(monkeypatch, at, lambda: step.do(task, memo, lambda _: None))
    step.do(task, memo, lambda _: None)
    world.schema()
    assert world.rows() == [] and world.parked == (f"{NAME}_before_{FIRST}",)
    world.write("new")
    _cut(monkeypatch, at, lambda: world.rollback(FIRST))
    world.rollback(FIRST)
    world.rollback(FIRST)
    assert world.rows() == ["old"] and world.rows(f"{NAME}_after_{FIRST}") == ["new"]
    assert world.parked == (f"{NAME}_after_{FIRST}",)


def _cut(monkeypatch: pytest.MonkeyPatch, at: int, act: object) -> None:
    left = iter(range(at))

    def counted(original: object) -> object:
        def call(*args: object, **options: object) -> object:
            if next(left, None) is None:
                raise Cut
            return original(*args, **options)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch, pytest.MonkeyPatch.context() as notes:
        patch.setattr(Server, "query", counted(Server.query))
        notes.setattr(MemoryNotes, "save", counted(MemoryNotes.save))
        try:
            act()  # type: ignore[operator]
        except Cut:
            pass
