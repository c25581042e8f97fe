"""Dump files and backups: told apart, checked, put in place without losing what was there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from omnimind_ops.model.place import Place
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.place import give_back, swap_in, take_out
from omnimind_ops.stores.redis.backup import check_backup, read_backup
from omnimind_ops.stores.redis.rdb import rdb_facts, stage_rdb
from tests.stores.redis.servers import REDIS, client, need_servers, served, valkey_program

US = (os.getuid(), os.getgid())
CHECKER = "/usr/bin/redis-check-rdb"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A real dump with a few keys."""
    home = tmp_path / "source"
    home.mkdir()
    with served(REDIS, folder=home) as endpoint:
        client(endpoint).mset({f"key {n}": n for n in range(100)})
        client(endpoint).save()
    return home / "dump.rdb"


@pytest.fixture
def redis_dir(tmp_path: Path) -> Path:
    """A data folder as a package leaves it, with data of its own."""
    folder = tmp_path / "var"
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir" / "part").write_text("old")
    (folder / "dump.rdb").write_text("old dump")
    return folder


def test_a_cut_dump_is_found_by_its_end(dump: Path) -> None:
    assert rdb_facts(dump, CHECKER).version == 10
    dump.write_bytes(dump.read_bytes()[:-40])
    with pytest.raises(Problem, match="truncated"):
        rdb_facts(dump)


def test_a_flipped_byte_is_found_by_the_checker(dump: Path) -> None:
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    rdb_facts(dump)
    with pytest.raises(Problem, match="cannot use"):
        rdb_facts(dump, CHECKER)


@pytest.mark.parametrize("content", [b"", b"REDIS", b"hello, this is no dump at all"])
def test_other_files_are_no_dumps(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Problem, match="as a Redis dump"):
        rdb_facts(tmp_path / "file")


def place_rdb(dump: Path, redis_dir: Path, run: str) -> Place:
    """Put a dump into a data folder."""
    place = Place(redis_dir)
    stage_rdb(dump, place.incoming, US)
    swap_in(place, run, US)
    return place


def test_placing_parks_what_was_there_and_is_loaded(dump: Path, redis_dir: Path) -> None:
    parked = place_rdb(dump, redis_dir, "r").before("r")
    assert sorted(p.name for p in redis_dir.iterdir()) == ["dump.rdb"]
    assert (redis_dir / "dump.rdb").stat().st_mode & 0o777 == 0o640
    assert (parked / "dump.rdb").read_text() == "old dump" and (parked / "appendonlydir" / "part").read_text() == "old"
    with served(REDIS, folder=redis_dir) as endpoint:
        assert client(endpoint).dbsize() == 100


def test_parked_things_are_never_overwritten_and_can_come_back(dump: Path, redis_dir: Path) -> None:
    first = place_rdb(dump, redis_dir, "first")
    (redis_dir / "dump.rdb").write_text("newer")
    place = place_rdb(dump, redis_dir, "second")
    assert (first.before("first") / "dump.rdb").read_text() == "old dump"
    assert (place.before("second") / "dump.rdb").read_text() == "newer"
    assert take_out(place, "second")
    give_back(place, "second")
    assert (redis_dir / "dump.rdb").read_text() == "newer"
    assert take_out(place, "first")
    give_back(place, "first")
    assert (redis_dir / "dump.rdb").read_text() == "old dump"


def test_a_dump_beside_an_empty_aof_folder_would_be_ignored(dump: Path) -> None:
    """Why the native server must first start with AOF off."""
    with served(REDIS, "--appendonly", "yes", folder=dump.parent) as endpoint:
        assert client(endpoint).dbsize() == 0


def test_a_newer_backup_is_refused_with_a_way_out(tmp_path: Path) -> None:
    need_servers()
    home = tmp_path / "data"
    home.mkdir()
    with served(valkey_program(), folder=home) as endpoint:
        client(endpoint).set("a", "b")
        client(endpoint).save()
    with pytest.raises(Problem, match=r"RDB 80 of Valkey 9\.") as caught:
        check_backup(home, read_backup(home), "5:7.0.15-1")
    assert "start a valkey:9." in caught.value.fix
    with served(valkey_program(), "--appendonly", "yes", folder=home):
        pass
    with pytest.raises(Problem, match="RDB 80"):
        check_backup(home, read_backup(home / "appendonlydir"), "5:7.0.15-1")


def test_append_only_parts_need_a_7_0(tmp_path: Path) -> None:
    parts = tmp_path / "appendonlydir"
    parts.mkdir()
    (parts / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    (parts / "appendonly.aof.1.incr.aof").write_text("*1\r\n$4\r\nPING\r\n")
    with pytest.raises(Problem, match=r"since 7\.0"):
        check_backup(tmp_path, read_backup(tmp_path), "6.0.16")


def test_a_folder_without_redis_files_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="as a Redis backup"):
        read_backup(tmp_path)
    with pytest.raises(Problem):
        read_backup(tmp_path / "absent.rdb")
