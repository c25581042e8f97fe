"""Backups of Redis: each loads completely, or is refused with what is wrong; none loads short in silence."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.backup import read_backup
from omnimind_ops.stores.redis.backup_words import coverage, description
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.proof import prove_backup
from tests.stores.redis.backups import KEYS, VERSION, append_only, census, dump_of, filled, proven, silent, write
from tests.stores.redis.dump import fingerprint_rdb
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, need_servers, served

ALL = KEYS + 1


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Backups that all tests of this file read: a dump, one without a checksum, and append-only files."""
    need_servers()
    folder = tmp_path_factory.mktemp("redis")
    dump_of(folder / "dump")
    dump_of(folder / "plain", "--rdbchecksum", "no")
    append_only(folder / "aof")
    return folder


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


def test_a_dump_is_staged_as_it_is_and_its_keys_are_counted(kept: Path, tmp_path: Path) -> None:
    for given in (kept / "dump", kept / "dump/dump.rdb"):
        result = proven(given, tmp_path / "work")
        assert result.keys == {0: KEYS, 20: 1}
        assert (tmp_path / "work/made.rdb").read_bytes() == (kept / "dump/dump.rdb").read_bytes()


def test_the_plan_says_what_is_in_a_backup_and_how_old_it_is(kept: Path) -> None:
    backup = read_backup(kept / "dump")
    assert backup.dump and backup.dump.content
    text = description(backup, backup.dump.written + 3 * 86_400)
    assert f"RDB 10 of Redis 7.0.15, {ALL} keys (db 0: {KEYS}, db 20: 1)" in text and "3 days ago" in text
    assert backup.databases == 21 and "CRC-64 matches" in coverage(backup)
    text = description(read_backup(kept / "aof"), 0)
    assert f"{ALL + 2} commands in 2 files (appendonly.aof)" in text  # each of the two databases is selected once
    assert read_backup(kept / "aof").databases == 21 and "no checksum" in coverage(read_backup(kept / "aof"))


def test_append_only_files_are_replayed_with_everything_that_redis_has(tmp_path: Path) -> None:
    home = tmp_path / "data"
    home.mkdir()
    with served(REDIS, "--appendonly", "yes", "--appendfsync", "always", folder=home) as endpoint:
        fill(client(endpoint), client(endpoint, 5))
        until = choose_horizon(endpoint)
        before = fingerprint(endpoint, until)
    kept = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    prove_backup(read_backup(home), VERSION, tmp_path, tmp_path / "made.rdb", silent)
    assert compare(before, fingerprint_rdb(tmp_path / "made.rdb", tmp_path, until)) == ()
    assert kept == {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}


def test_a_single_append_only_file_of_an_older_server_is_replayed(tmp_path: Path) -> None:
    need_servers()
    home = tmp_path / "data"
    home.mkdir()
    (home / "my.aof").write_bytes(b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n")
    for path in (home, home / "my.aof"):
        assert proven(path, tmp_path / "work").keys == {0: 1}


def test_a_dump_with_commands_after_it_is_replayed(kept: Path, tmp_path: Path) -> None:
    """What Redis 4 to 6 leave after a rewrite."""
    home = tmp_path / "data"
    home.mkdir()
    more = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$3\r\nnew\r\n$1\r\nb\r\n"
    (home / "appendonly.aof").write_bytes((kept / "dump/dump.rdb").read_bytes() + more)
    assert proven(home, tmp_path / "work").keys == {0: KEYS + 1, 20: 1}


@pytest.mark.parametrize("name", ["my.aof", "with a space.aof"])
def test_append_only_files_have_the_name_that_their_manifest_has(name: str, tmp_path: Path) -> None:
    home = append_only(tmp_path / "data", name)
    for path in (home, home / "appendonlydir"):
        assert proven(path, tmp_path / "work").keys == {0: KEYS, 20: 1}


def test_the_folder_of_append_only_files_may_have_another_name(kept: Path, tmp_path: Path) -> None:
    home = copied(kept / "aof", tmp_path)
    (home / "appendonlydir").rename(home / "log")
    assert proven(home, tmp_path / "work").keys == {0: KEYS, 20: 1}


def test_an_empty_folder_of_append_only_files_does_not_hide_the_dump(kept: Path, tmp_path: Path) -> None:
    home = copied(kept / "dump", tmp_path)
    (home / "appendonlydir").mkdir()
    assert proven(home, tmp_path / "work").keys == {0: KEYS, 20: 1}
    assert read_backup(home).notes == ("appendonlydir is empty and not used",)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: next((folder / "appendonlydir").glob(name)).unlink()


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = next((folder / "appendonlydir").glob(name))
        path.write_bytes(change(path.read_bytes()))

    return damage


def second_increment(folder: Path) -> None:
    (folder / "appendonlydir/appendonly.aof.2.incr.aof").write_bytes(b"*1\r\n$4\r\nPING\r\n")


DAMAGED = {
    "manifest missing": (without("*.manifest"), r"manifest.*is missing"),
    "base missing": (without("*.base.rdb"), "base.rdb, which .* lists, is missing"),
    "increment missing": (without("*.incr.aof"), "incr.aof, which .* lists, is missing"),
    "base not listed": (changed("*.manifest", lambda text: text.split(b"\n", 1)[1]), "is not in"),
    "increment not listed": (changed("*.manifest", lambda text: text.split(b"\n", 1)[0]), "is not in"),
    "newer increment": (second_increment, "2.incr.aof is not in"),
    "manifest damaged": (changed("*.manifest", lambda text: text.replace(b"seq", b"sex", 1)), "it has a line"),
    "increment twice": (changed("*.manifest", lambda text: text + text.splitlines()[1] + b"\n"), "not complete"),
    "cut at 60 %": (changed("*.incr.aof", lambda data: data[: len(data) * 6 // 10]), "in the middle of a command"),
    "zeros at the end": (changed("*.incr.aof", lambda data: data[:-500] + bytes(500)), "cannot be loaded"),
    "zeros after the end": (changed("*.incr.aof", lambda data: data + bytes(4096)), "zeros follow at byte"),
    "base changed": (changed("*.base.rdb", lambda data: data[:20] + b"\1" + data[21:]), "CRC-64|damaged"),
    "in a transaction": (
        changed("*.incr.aof", lambda data: data + b"*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n"),
        "in the middle of a transaction",
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_append_only_files_are_refused_with_what_is_wrong(what: str, kept: Path, tmp_path: Path) -> None:
    home = copied(kept / "aof", tmp_path)
    damage, text = DAMAGED[what]
    damage(home)
    for path in (home, home / "appendonlydir"):
        with pytest.raises(Problem, match=text):
            read_backup(path)


def test_half_of_a_backup_is_not_taken_for_the_whole(kept: Path) -> None:
    base = next((kept / "aof/appendonlydir").glob("*.base.rdb"))
    with pytest.raises(Problem, match="only the start of append-only files"):
        read_backup(base)


def test_a_newer_dump_beside_older_append_only_files_is_not_ignored(tmp_path: Path) -> None:
    """AOF was switched off, and the server went on with dumps."""
    home = append_only(tmp_path / "data")
    with served(REDIS, "--databases", "32", folder=home) as endpoint:
        write(client(endpoint), range(1500))
        client(endpoint).save()
    with pytest.raises(Problem, match="cannot tell which data") as caught:
        proven(home, tmp_path / "work")
    assert f"holds {ALL} keys" in caught.value.why and "holds 1500 keys" in caught.value.why
    for path in (home / "dump.rdb", home / "appendonlydir"):
        assert f"--redis-backup {path}" in caught.value.fix
        assert proven(path, tmp_path / "work").keys[0] == (1500 if path.suffix else KEYS)


def test_a_dump_is_not_hidden_by_append_only_files_without_data(kept: Path, tmp_path: Path) -> None:
    """AOF was switched on in the configuration, which makes a server ignore its dump."""
    home = append_only(tmp_path / "data", count=0)
    with served(REDIS, "--appendonly", "yes", "--databases", "32", folder=home) as endpoint:
        client(endpoint).flushall()
        client(endpoint).bgrewriteaof()
        while client(endpoint).info("persistence")["aof_rewrite_in_progress"]:
            pass
    shutil.copy(kept / "dump/dump.rdb", home)
    with pytest.raises(Problem, match="cannot tell which data"):
        read_backup(home)


def test_a_dump_of_the_same_moment_beside_append_only_files_is_compared_and_accepted(tmp_path: Path) -> None:
    """A clean stop of a server with both."""
    home = tmp_path / "data"
    with filled(home, "--appendonly", "yes") as connected:
        connected.save()
    assert read_backup(home).beside
    assert proven(home, tmp_path / "work").keys == {0: KEYS, 20: 1}


def test_an_older_dump_beside_rewritten_append_only_files_is_not_used(kept: Path, tmp_path: Path) -> None:
    home = tmp_path / "data"
    with filled(home, "--appendonly", "yes"):
        pass
    base = next((home / "appendonlydir").glob("*.base.rdb"))
    shutil.copy(kept / "dump/dump.rdb", home)
    dump, log = read_backup(home / "dump.rdb").dump, read_backup(home / "appendonlydir").append_only
    assert dump and log and log.base
    if log.base.written == dump.written:  # made in the same second
        pytest.skip("the two were made in the same second")
    result = read_backup(home)
    assert result.append_only and result.beside is None and "is older" in result.notes[0], base


def test_several_dumps_in_a_folder_are_named(kept: Path, tmp_path: Path) -> None:
    home = copied(kept / "dump", tmp_path)
    shutil.copy(home / "dump.rdb", home / "dump-old.rdb")
    with pytest.raises(Problem, match=r"several: dump-old.rdb, dump.rdb"):
        read_backup(home)
    (home / "dump-old.rdb").rename(home / "temp-12.rdb")  # what a killed server leaves
    assert read_backup(home).dump
    (home / "dump.rdb").rename(home / "session.rdb")  # dbfilename
    assert read_backup(home).dump


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2", "zip"])
def test_a_packed_dump_is_named_as_what_it_is(kind: str, kept: Path, tmp_path: Path) -> None:
    names = {
        "gzip": ("gztar", ".tar.gz"),
        "xz": ("xztar", ".tar.xz"),
        "bzip2": ("bztar", ".tar.bz2"),
        "zip": ("zip", ".zip"),
    }
    shutil.make_archive(str(tmp_path / "dump"), names[kind][0], kept / "dump")
    with pytest.raises(Problem, match=f"it is .*{kind}"):
        read_backup(tmp_path / f"dump{names[kind][1]}")


def test_every_changed_byte_of_a_dump_is_found(kept: Path, tmp_path: Path) -> None:
    whole, chance = (kept / "dump/dump.rdb").read_bytes(), random.Random(7)
    accepted = []
    for _ in range(300):
        data = bytearray(whole)
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
        (tmp_path / "dump.rdb").write_bytes(data)
        try:
            read_backup(tmp_path / "dump.rdb")
            accepted.append(at)
        except Problem:
            pass
    assert accepted == []


def test_a_dump_without_a_checksum_is_accepted_and_said_to_be_so(kept: Path, tmp_path: Path) -> None:
    backup = read_backup(kept / "plain")
    assert not backup.covered and "rdbchecksum no" in coverage(backup)
    assert proven(kept / "plain", tmp_path / "work").keys == {0: KEYS, 20: 1}


@pytest.mark.parametrize("end", [b"\0", b"more", bytes(4096)])
def test_bytes_after_the_end_of_a_dump_are_refused(end: bytes, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes((kept / "dump/dump.rdb").read_bytes() + end)
    with pytest.raises(Problem, match="follow its end"):
        read_backup(tmp_path / "dump.rdb")


def test_a_server_that_refuses_a_backup_is_quoted(kept: Path, tmp_path: Path) -> None:
    """The file is complete, but has a command that no server knows."""
    home = copied(kept / "aof", tmp_path)
    changed("*.incr.aof", lambda data: data + b"*1\r\n$5\r\nNONNY\r\n")(home)
    with pytest.raises(Problem, match="refuses it") as caught:
        proven(home, tmp_path / "work")
    assert any("NONNY" in line or "Unknown command" in line for line in caught.value.log)


def test_keys_that_have_expired_are_not_missed(tmp_path: Path) -> None:
    home = tmp_path / "data"
    with filled(home) as connected:
        connected.set("gone soon", "x", px=400)
        connected.save()
        while connected.exists("gone soon"):
            pass
    result = read_backup(home).dump
    assert result and result.content and result.content.keys == {0: KEYS + 1, 20: 1}
    assert proven(home, tmp_path / "work").keys == {0: KEYS, 20: 1}


def test_what_is_staged_holds_what_the_backup_holds(kept: Path, tmp_path: Path) -> None:
    proven(kept / "aof", tmp_path / "work")
    assert census(tmp_path / "work/made.rdb", tmp_path) == census(kept / "dump/dump.rdb", tmp_path)
