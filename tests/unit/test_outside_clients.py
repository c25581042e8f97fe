"""Who is connected to a store and is not of the project, from the kernel's tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.facts import Container, Publish
from omnimind_ops.observe.clients import outside_clients
from omnimind_ops.planning.check import Needs, State
from omnimind_ops.planning.check_stores import qdrant, redis
from omnimind_ops.planning.check_writers import outside_writers

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0\n"
STORE = Container(
    "q", "shop-qdrant-1", "", "shop", "qdrant", "", (), True, "no", 70, "172.18.0.2", "",
    ports=(Publish("127.0.0.1", 16333, 6333),),
)  # fmt: skip
OWN = replace(STORE, id="b", name="shop-backend-1", ip="172.18.0.3", pid=71, ports=())
OTHER = replace(STORE, id="o", name="stats-1", project="stats", ip="172.18.0.9", pid=72, ports=())
HERE, OURS, THEIRS, GATEWAY = "020012AC:18BD", "030012AC:A000", "090012AC:A001", "010012AC:A002"
"""172.18.0.2 port 6333, and 172.18.0.3, .9 and .1."""


def table(folder: Path, *rows: tuple[str, str, str, int]) -> None:
    (folder / "net").mkdir(parents=True)
    text = "".join(ROW.format(local=a, remote=b, state=state, inode=inode) for a, b, state, inode in rows)
    (folder / "net" / "tcp").write_text(HEAD + text)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with python3 as PID 4711, which uses the published port."""
    table(tmp_path / "self", ("0100007F:C000", "0100007F:3FCD", "01", 99))
    (tmp_path / "4711" / "fd").mkdir(parents=True)
    (tmp_path / "4711" / "fd" / "5").symlink_to("socket:[99]")
    (tmp_path / "4711" / "comm").write_text("python3\n")
    return tmp_path


def clients(proc: Path, *rows: tuple[str, str, str, int]) -> tuple[str, ...]:
    table(proc / "70", *rows)
    return outside_clients(STORE, (6333, 6334), (STORE, OWN, OTHER), proc)


def test_a_container_of_the_project_is_no_stranger_and_another_projects_is(proc: Path) -> None:
    result = clients(proc, (HERE, OURS, "01", 1), (HERE, THEIRS, "01", 2), (HERE, THEIRS, "01", 3))
    assert result == ("the container stats-1",)


def test_a_program_on_the_host_is_named(proc: Path) -> None:
    assert clients(proc, (HERE, GATEWAY, "01", 1)) == ("python3 (pid 4711)",)


def test_a_program_elsewhere_is_named_by_its_address(proc: Path) -> None:
    (proc / "self" / "net" / "tcp").write_text(HEAD)
    assert clients(proc, (HERE, GATEWAY, "01", 1)) == ("a program outside Docker, seen as 172.18.0.1",)


@pytest.mark.parametrize(
    "row",
    [
        (HERE, THEIRS, "06", 1),
        (HERE, "00000000:0000", "0A", 1),
        ("020012AC:0050", THEIRS, "01", 1),
        ("0100007F:18BD", "0100007F:A000", "01", 1),
    ],
    ids=["closed", "listening", "another port", "the container's own health check"],
)
def test_what_is_no_connection_to_the_store_does_not_count(proc: Path, row: tuple[str, str, str, int]) -> None:
    assert clients(proc, row) == ()


def test_without_access_to_the_tables_nobody_is_named(tmp_path: Path) -> None:
    assert outside_clients(STORE, (6333,), (STORE,), tmp_path) == ()


def test_the_rows_of_the_preflight() -> None:
    row = outside_writers(
        Needs(stores=True, outside_writers={"redis": tuple(f"cron (pid {pid})" for pid in range(7)), "qdrant": ()})
    )
    assert row.state is State.WARN
    assert "redis: cron (pid 0)" in row.found and "and 2 more" in row.found and "qdrant" not in row.found
    nobody = outside_writers(Needs(stores=True, outside_writers={"redis": ()}))
    assert (nobody.state, nobody.found) == (State.OK, "no other program is connected to Qdrant or Redis")
    assert outside_writers(Needs()).found == "no old store to read"
    (row,) = redis(Needs(redis_obstacles=(("its user may not run SCAN", "allow it"),)))
    assert (row.state, row.fix) == (State.FAIL, "allow it")
    unfenced, strict = qdrant(Needs(qdrant_unfenced="it shares another network", strict_collections=("a", "b")))
    assert unfenced.state is strict.state is State.WARN
    assert "API key" not in strict.found and "a, b" in strict.found
