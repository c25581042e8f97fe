"""Both ways of moving keys, between real servers of different versions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event, Line
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.keys import SIZES
from omnimind_ops.stores.redis.rdb import rdb_facts
from omnimind_ops.stores.redis.scratch import build_rdb_key_by_key
from omnimind_ops.stores.redis.sync import fetch_rdb
from omnimind_ops.stores.redis.unsupported import unsupported_keys
from tests.stores.redis.dump import fingerprint_rdb
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, need_servers, served, valkey_program


@pytest.fixture
def newer() -> Iterator[RedisEndpoint]:
    """A filled Valkey 9."""
    with served(valkey_program() if not need_servers() else "") as endpoint:
        fill(client(endpoint), client(endpoint, 5))
        yield endpoint


@pytest.fixture
def same() -> Iterator[RedisEndpoint]:
    """A filled Redis of the target's version."""
    with served(REDIS, "--repl-diskless-sync-delay", "0") as endpoint:
        fill(client(endpoint), client(endpoint, 5))
        yield endpoint


def ignore(event: Event) -> None:
    """Nobody listens."""


def test_the_rdb_way_is_exact(same: RedisEndpoint, tmp_path: Path) -> None:
    dump = tmp_path / "taken.rdb"
    facts = fetch_rdb(same, dump, ignore)
    assert (facts.magic, facts.version, facts.writer, facts.size) == (
        "REDIS",
        10,
        server_facts(same).version,
        dump.stat().st_size,
    )
    assert rdb_facts(dump, "/usr/bin/redis-check-rdb") == facts
    assert dump.stat().st_mode & 0o777 == 0o600
    assert not list(
        Path(client(same).config_get("dir")["dir"]).glob("*.rdb")
    )  # a diskless sync leaves nothing at the source
    until = choose_horizon(same)
    assert compare(fingerprint(same, until), fingerprint_rdb(dump, tmp_path, until)) == ()


def test_a_sync_through_the_source_s_disk_works_too(tmp_path: Path) -> None:
    events: list[Event] = []
    with served(REDIS, "--repl-diskless-sync", "no") as source:
        client(source).set("a", "b")
        assert fetch_rdb(source, tmp_path / "taken.rdb", events.append).version == 10
    assert any(isinstance(event, Line) and "its own folder" in event.text for event in events)


def test_a_dump_needs_the_password(tmp_path: Path) -> None:
    with served(REDIS, "--requirepass", "s3cret", "--repl-diskless-sync-delay", "0") as source:
        client(source).set("a", "b")
        fetch_rdb(source, tmp_path / "taken.rdb", ignore)
        wrong = RedisEndpoint(socket=source.socket, password="other")
        with pytest.raises(Problem, match="cannot connect to Redis") as caught:
            fetch_rdb(wrong, tmp_path / "no.rdb", ignore)
        assert "s3cret" not in repr(source) and "other" not in str(caught.value) + caught.value.fix + repr(wrong)


def test_a_newer_dump_is_refused_by_an_older_server(newer: RedisEndpoint, tmp_path: Path) -> None:
    client(newer).config_set("repl-diskless-sync-delay", 0)
    dump = tmp_path / "taken.rdb"
    facts = fetch_rdb(newer, dump, ignore)
    assert (facts.magic, facts.version) == ("VALKEY", 80)
    with pytest.raises(Problem, match="cannot start a scratch Redis") as caught:
        fingerprint_rdb(dump, tmp_path, choose_horizon(newer))
    assert any("Wrong signature" in item or "RDB format version" in item for item in caught.value.log)


def test_the_logical_way_brings_everything_to_an_older_server(newer: RedisEndpoint, tmp_path: Path) -> None:
    events: list[Event] = []
    until = choose_horizon(newer)
    before = fingerprint(newer, until)
    assert unsupported_keys(newer, "7.0.15") == ()
    facts = build_rdb_key_by_key(newer, tmp_path, tmp_path / "made.rdb", events.append)
    assert (facts.magic, facts.version) == ("REDIS", 10)
    assert compare(before, fingerprint_rdb(tmp_path / "made.rdb", tmp_path, until)) == ()
    assert compare(before, fingerprint(newer, until)) == ()  # the source is as it was
    assert events[-1].done == events[-1].total == server_facts(newer).total_keys
    assert [path.name for path in tmp_path.iterdir()] == ["made.rdb"]
    assert before.counts["db 0: keys of type stream"] == 3 and before.counts["db 0: keys with a time to live"] == 2


def test_expiry_and_pending_entries_survive_to_the_millisecond(newer: RedisEndpoint) -> None:
    with served(REDIS) as target:
        copy_keys(newer, target, ignore)
        for db, key in ((0, "timed"), (0, "large hash"), (5, "set")):
            assert client(target, db).pexpiretime(key) == client(newer, db).pexpiretime(key) > 0
        item, two = (client(e).xpending_range("stream", "workers", "-", "+", 9999) for e in (newer, target))
        kept = [p for p in item if p["message_id"] != b"1005-2"]  # its entry is gone: no command can bring it back
        assert len(item) == len(kept) + 1 and [
            (p["message_id"], p["consumer"], p["times_delivered"]) for p in kept
        ] == [(p["message_id"], p["consumer"], p["times_delivered"]) for p in two]
        assert abs(kept[5]["time_since_delivered"] - two[5]["time_since_delivered"]) < 2000
        for name in ("stream", "stream of nothing", "emptied stream"):
            info = [client(e).xinfo_stream(name) for e in (newer, target)]
            assert [
                [i[k] for k in ("last-generated-id", "entries-added", "max-deleted-entry-id", "length")] for i in info
            ][:1] * 2 == [
                [i[k] for k in ("last-generated-id", "entries-added", "max-deleted-entry-id", "length")] for i in info
            ]
        # and an id that was used is not given out again
        assert client(target).xadd("emptied stream", {"a": 1}, id="5-*") == b"5-6"


def test_a_target_with_keys_is_never_emptied(same: RedisEndpoint) -> None:
    with served(REDIS) as target:
        client(target).set("theirs", "1")
        with pytest.raises(Problem, match="cannot copy keys"):
            copy_keys(same, target, ignore)
        assert client(target).keys() == [b"theirs"]


def test_a_copy_again_into_our_own_scratch_starts_over(same: RedisEndpoint) -> None:
    with served(REDIS) as target:
        copy_keys(same, target, ignore, scratch=True)
        client(target).set("left over", "1")
        copy_keys(same, target, ignore, scratch=True)
        until = choose_horizon(same)
        assert compare(fingerprint(same, until), fingerprint(target, until)) == ()


def test_functions_travel(same: RedisEndpoint) -> None:
    client(same).function_load("#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    with served(REDIS) as target:
        copy_keys(same, target, ignore)
        assert client(target).fcall("f", 0) == 1
        until = choose_horizon(same)
        assert fingerprint(same, until).counts["function libraries"] == 1
        assert compare(fingerprint(same, until), fingerprint(target, until)) == ()
        client(target).function_flush()
        assert {d.name for d in compare(fingerprint(same, until), fingerprint(target, until))} == {"function libraries"}


def test_expiring_hash_fields_are_named_before_anything_is_copied(newer: RedisEndpoint) -> None:
    c = client(newer)
    c.execute_command("HPEXPIRE", "large hash", 10_000_000, "FIELDS", 1, "field 7")
    assert unsupported_keys(newer, "7.0.15") == ("the key 'large hash' in db 0, a hash with expiring fields",)
    assert unsupported_keys(newer, "7.4.0") == ()
    with served(REDIS) as target, pytest.raises(Problem, match="expiring fields"):
        copy_keys(newer, target, ignore)
    with served(valkey_program()) as target:
        until = choose_horizon(newer)
        copy_keys(newer, target, ignore)
        assert compare(fingerprint(newer, until), fingerprint(target, until)) == ()
        client(target).execute_command("HPERSIST", "large hash", "FIELDS", 1, "field 7")
        assert {d.name for d in compare(fingerprint(newer, until), fingerprint(target, until))} == {
            "db 0: content of type hash"
        }


def test_types_that_cannot_travel_are_named(same: RedisEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SIZES, "zset")  # as a module's type looks to us
    result = unsupported_keys(same, "7.0.15")
    assert set(result) == {f"the key '{name}' in db 0, of type zset" for name in ("zset", "large zset", "places")}
    with served(REDIS) as target, pytest.raises(Problem, match="cannot copy every Redis key"):
        copy_keys(same, target, ignore)


def test_a_source_that_dies_in_mid_copy_is_a_problem() -> None:
    with served(REDIS) as source, served(REDIS) as target:
        client(source).mset({f"key {n}": n for n in range(20_000)})

        def stop(event: Event) -> None:
            client(source).shutdown(nosave=True)

        with pytest.raises(Problem, match="cannot connect to Redis"):
            copy_keys(source, target, stop)


KILLED = """
import sys
from pathlib import Path
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.scratch import build_rdb_key_by_key
work = Path(sys.argv[2])
tell = lambda event: print(event.done, flush=True)
build_rdb_key_by_key(RedisEndpoint(socket=sys.argv[1]), work, work / "made.rdb", tell)
"""


def test_a_kill_in_mid_copy_leaves_no_server_and_can_be_run_again(same: RedisEndpoint, tmp_path: Path) -> None:
    pipe = client(same).pipeline(transaction=False)
    for n in range(60_000):
        pipe.set(f"key {n}", n)
    pipe.execute()
    arguments = [sys.executable, "-c", KILLED, same.socket, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}) as child:
        assert child.stdout and int(child.stdout.readline()) < 60_000
        (scratch,) = servers_in(tmp_path)
        child.send_signal(signal.SIGKILL)
    assert gone(scratch)
    assert not (tmp_path / "made.rdb").exists()
    build_rdb_key_by_key(same, tmp_path, tmp_path / "made.rdb", ignore)
    until = choose_horizon(same)
    assert compare(fingerprint(same, until), fingerprint_rdb(tmp_path / "made.rdb", tmp_path, until)) == ()
    assert servers_in(tmp_path) == []


def test_a_leftover_server_is_stopped_first(same: RedisEndpoint, tmp_path: Path) -> None:
    folder = tmp_path / "redis-scratch"
    folder.mkdir()
    arguments = ["--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder), "--save", ""]
    left = subprocess.Popen([REDIS, *arguments], stdout=subprocess.DEVNULL)
    while not (folder / "redis.sock").exists():
        time.sleep(0.01)
    build_rdb_key_by_key(same, tmp_path, tmp_path / "made.rdb", ignore)
    assert left.wait(10) == 0


def servers_in(folder: Path) -> list[psutil.Process]:
    """Return the running servers whose working folder is below `folder`."""
    results = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith("redis") and process.cwd().startswith(str(folder)):
                results.append(process)
        except psutil.Error:
            continue
    return results


def gone(process: psutil.Process) -> bool:
    """Wait a little for the kernel to end a process."""
    for _ in range(100):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False
