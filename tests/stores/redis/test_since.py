"""What came since a dump is counted key by key, while the server serves."""

from __future__ import annotations

from pathlib import Path

from omnimind_ops.stores.redis.since import KeyChanges, key_changes
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis import sample
from tests.stores.redis.servers import REDIS, client, served


def test_keys_that_came_changed_or_vanished_are_counted(tmp_path: Path) -> None:
    with served(REDIS) as native:
        here, there = client(native), client(native, 3)
        sample.fill(here, there)
        fetch_rdb(native, tmp_path / "dump.rdb", lambda event: None)
        assert key_changes(native, tmp_path / "dump.rdb", tmp_path / "work") == KeyChanges(0, 0, 0)
        here.set("new", 1)
        there.set("new", 1)
        here.set("gone soon", 1, ex=60)
        here.xadd("stream", {"one": "more"})
        here.hset("hash", "field", "other")
        here.lset("long list", 0, "other")
        here.persist("timed")
        there.delete("set")
        assert key_changes(native, tmp_path / "dump.rdb", tmp_path / "work") == KeyChanges(2, 4, 1)
        assert not (tmp_path / "work/redis-scratch").exists()
