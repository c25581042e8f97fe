"""What would fail after the writers have stopped is known before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.readable import _slow_save, obstacles, sync_refused
from tests.stores.redis.servers import REDIS, client, served, valkey_program


@pytest.mark.parametrize("program", [REDIS, valkey_program()], ids=["redis", "valkey"])
def test_a_plain_server_has_no_obstacles(program: str) -> None:
    with served(program) as source:
        assert obstacles(source, save_first=True) == ()
        assert sync_refused(source) == ""


def test_a_renamed_sync_is_known_and_a_renamed_scan_is_an_obstacle() -> None:
    with served(REDIS, "--rename-command", "SYNC", "x", "--rename-command", "SCAN", "") as source:
        assert "SYNC is renamed" in sync_refused(source)
        ((text, fix),) = obstacles(source, save_first=False)
        assert "SCAN is renamed or disabled" in text and "rename-command" in fix


def test_a_command_that_the_user_may_not_run_is_known() -> None:
    with served(REDIS) as source:
        client(source).execute_command("ACL SETUSER half on >pw ~* +@all -sync -scan")
        half = replace(source, username="half", password="pw")
        assert sync_refused(half) == "its user may not run SYNC"
        ((text, fix),) = obstacles(half, save_first=False)
        assert text == "its user may not run SCAN" and fix.endswith("ACL SETUSER half +scan")


def test_a_replica_without_its_master_is_an_obstacle() -> None:
    with served(REDIS) as source:
        client(source).execute_command("REPLICAOF", "127.0.0.1", "1")
        ((text, fix),) = obstacles(source, save_first=False)
        assert "link to its master (127.0.0.1) is down" in text and "REPLICAOF NO ONE" in fix


def test_a_long_save_is_an_obstacle_only_where_it_is_needed() -> None:
    with served(REDIS) as source:
        large = replace(server_facts(source), used_memory=3_000_000_000)
    assert "about 100 s" in _slow_save(large, save_first=True)[0][0]
    assert _slow_save(large, save_first=False) == [] == _slow_save(replace(large, used_memory=10**9), save_first=True)
