"""The native Redis has the data before the cutover; then it gets its port, and nothing is loaded again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from omnimind_ops.model.data import compare
from omnimind_ops.model.notes import OpenRedisNotes, PlaceNotes
from omnimind_ops.model.payloads import PlacePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps import live_redis, open_redis
from omnimind_ops.stores.redis.append_only import AOF_FOLDER
from omnimind_ops.stores.redis.give_back import process_of
from omnimind_ops.stores.redis.handover import SNAPSHOT
from tests.stores.redis.cutover import Cutover
from tests.stores.redis.dump import fingerprint_rdb
from tests.stores.redis.hidden import hidden
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, valkey_program
from tests.stores.redis.test_take import link, published

WAYS = {
    "replica": (REDIS, "rdb", ()),
    "key by key": (valkey_program(), "logical", ()),
    "without replicas": (valkey_program(), "logical", ("--rename-command", "PSYNC", "hidden")),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="om-") as path:
        yield Path(path)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def cutover(stack: ExitStack, folder: Path, way: str = "replica", *, append_only: bool = False) -> Cutover:
    program, name, settings = WAYS[way]
    source = stack.enter_context(published(program, *settings))
    native = stack.enter_context(hidden(folder, append_only=append_only))
    made = Cutover(folder, source, native, name)
    stack.callback(lambda: made.live.close())
    fill(link(source), link(source, 5))
    return made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("append_only", [False, True], ids=["dump", "append-only"])
def test_the_server_that_followed_serves_and_loads_nothing_again(
    way: str, append_only: bool, folder: Path, stack: ExitStack
) -> None:
    made = cutover(stack, folder, way, append_only=append_only)
    assert made.warm() == (way != "without replicas")
    with pytest.raises(redis.ConnectionError):
        made.seen().ping()
    link(made.source).set("string", "changed")
    link(made.source).delete("number")
    link(made.source, 5).set("new", "x" * 100_000)
    assert made.take() and not made.go_on().take()
    process = process_of(made.native.endpoint)
    assert made.native.is_settled and made.taken.native == process
    made.open()
    assert process_of(made.native.opened) == process
    made.assert_equal()
    made.seen().set("written natively", 1)
    made.save()
    taken = made.taken
    assert taken.fingerprint and taken.horizon
    assert compare(taken.fingerprint, fingerprint_rdb(made.staged, folder, taken.horizon)) == ()
    assert not (made.native.folder / SNAPSHOT).exists()
    assert (made.native.folder / AOF_FOLDER).exists() == append_only
    made.native.kill()  # and what it had is on its disk
    made.native.run()
    assert made.seen().get("string") == b"changed" and made.seen(5).exists("new")


def test_a_host_without_room_for_a_replica_loads_the_dump_as_before(
    folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cutover(stack, folder)
    monkeypatch.setattr(live_redis, "MEMORY_FACTOR", 1 << 40)
    monkeypatch.setattr(open_redis.pwd, "getpwnam", lambda name: type("Owner", (), {"pw_uid": 0, "pw_gid": 0}))
    made.warm()
    made.take()
    assert made.taken.native is None and made.native.process is None
    made.open()
    made.open()
    made.native.run()
    made.assert_equal()
    assert sorted(path.name for path in made.native.folder.iterdir()) == ["dump.rdb"]


def test_a_process_that_was_killed_after_the_fence_goes_on_with_the_server_that_has_the_data(
    folder: Path, stack: ExitStack
) -> None:
    made = cutover(stack, folder)
    made.warm()
    made.take()
    again = made.go_on()
    assert not again.take()
    again.open()
    again.open()
    again.assert_equal()


def test_a_process_that_was_killed_before_the_fence_copies_everything_again(folder: Path, stack: ExitStack) -> None:
    made = cutover(stack, folder)
    made.warm()
    link(made.source).set("later", 1)
    again = made.go_on()
    stack.callback(again.live.close)
    assert again.take()
    again.open()
    again.assert_equal()
    assert again.seen().get("later") == b"1"


def test_a_native_server_that_ended_with_the_data_is_not_opened(folder: Path, stack: ExitStack) -> None:
    made = cutover(stack, folder)
    made.warm()
    made.take()
    made.native.kill()
    with pytest.raises(Problem, match="does not run any more"):
        made.go_on().open()
    made.native.run("--port", "0", "--unixsocket", made.native.endpoint.socket)
    with pytest.raises(Problem, match="started again"):
        made.go_on().open()
    made.undo_open()
    assert made.native.process is None


def test_an_undo_gives_the_old_server_its_writes_and_save_points_back(folder: Path, stack: ExitStack) -> None:
    made = cutover(stack, folder)
    made.save_first = False
    old = link(made.source)
    old.config_set("save", "3600 1")
    made.warm()
    before = old.lastsave()
    made.take()
    assert old.config_get("save") == {"save": ""} and old.lastsave() >= before
    assert old.info("persistence")["rdb_changes_since_last_save"] == 0
    made.undo_take()
    assert old.config_get("save") == {"save": "3600 1"}
    old.set("writes", "go on")


def test_what_is_on_no_volume_is_staged_before_the_old_server_stops(folder: Path, stack: ExitStack) -> None:
    made = cutover(stack, folder)
    made.warm()
    made.take()
    taken = made.taken
    assert taken.fingerprint and taken.horizon
    assert compare(taken.fingerprint, fingerprint_rdb(made.staged, folder, taken.horizon)) == ()


def test_a_place_that_was_never_seen_leaves_nothing_and_a_seen_one_is_parked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnimind_ops.steps import redis as steps

    monkeypatch.setattr(steps.pwd, "getpwnam", lambda name: type("Owner", (), {"pw_uid": 0, "pw_gid": 0}))
    target = folder / "lib" / "redis"
    target.mkdir(parents=True)
    (target / "dump.rdb").write_bytes(b"before")
    for seen in (False, True):
        notes = MemoryNotes()
        memo = Memo(notes, "clear-redis", PlaceNotes)
        step = steps.PlaceStep(Paths(root=folder), f"run-{seen}")
        task = Task("clear-redis", PlacePayload(str(target), empty=True))
        step.do(task, memo, lambda event: None)
        step.do(task, memo, lambda event: None)
        assert list(target.iterdir()) == []
        (target / "dump.rdb").write_bytes(b"native")
        if seen:
            Memo(notes, "open-redis", OpenRedisNotes).write(OpenRedisNotes(opening=True))
        for _ in range(2):
            step.undo(task, memo, lambda event: None)
            assert (target / "dump.rdb").read_bytes() == b"before"
        parked = list(folder.glob(f"lib/.omnimind-parked/run-{seen}/redis.after/dump.rdb"))
        assert bool(parked) == seen
