"""Keys that expire within the hour are compared too, as long as their minute is ahead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.stores.redis.compare import comparable_fingerprints
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import MARGIN, MINUTE, fact_of, has_minutes, without_past
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.keys import Key
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.servers import REDIS, client, served

SESSIONS = 300


def differences(source: RedisEndpoint, native: RedisEndpoint) -> int:
    horizon = choose_horizon(source)
    noted = fingerprint(source, horizon, minutes=True)
    old, new, _ = comparable_fingerprints(native, noted, horizon, lambda _event: None, "verify")
    return len(compare(old, new))


def with_sessions(endpoint: RedisEndpoint) -> None:
    link = client(endpoint)
    for number in range(SESSIONS):
        link.set(f"session:{number}", f"user {number}", ex=600 + number)
    link.set("kept", "for good")


def lose_all(link: Any) -> None:
    link.delete(*(f"session:{number}" for number in range(SESSIONS)))


@pytest.mark.parametrize(
    "damage",
    [
        lose_all,
        lambda link: link.delete("session:7"),
        lambda link: link.set("session:7", "user 8", keepttl=True),
        lambda link: link.expire("session:7", 900),
        lambda link: link.persist("session:7"),
        lambda link: link.set("session:new", "user 9", ex=700),
    ],
    ids=["all", "one", "value", "expiry", "never", "added"],
)
def test_a_session_that_is_missing_or_different_is_found(damage: Callable[[Any], object], tmp_path: Path) -> None:
    with served(REDIS) as source:
        with_sessions(source)
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(REDIS, folder=tmp_path) as native:
            assert differences(source, native) == 0
            damage(client(native))
            assert differences(source, native) > 0


def test_what_expires_meanwhile_and_what_the_native_backends_write_is_no_difference(tmp_path: Path) -> None:
    with served(REDIS) as source:
        with_sessions(source)
        client(source).set("gone soon", "x", px=50)
        client(source).set("gone before it is compared", "x", ex=30)
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(REDIS, folder=tmp_path) as native:
            client(native).delete("gone before it is compared")
            client(native).set("omnimind:rate:127.0.0.1", "7", ex=900)
            assert differences(source, native) == 0


def test_a_minute_counts_while_it_is_ahead() -> None:
    minute = 29_000_000 * MINUTE
    names = [fact_of(Key(0, b"a", "string", minute + after, 1)) for after in (0, MINUTE - 1, MINUTE)]
    assert names[0] == names[1] != names[2]
    facts = Fingerprint("redis", dict.fromkeys(map(str, names), 1), {})
    assert without_past(facts, minute - MARGIN).counts == facts.counts
    assert list(without_past(facts, minute - MARGIN + 1).counts) == names[2:]
    assert has_minutes(facts) and not has_minutes(Fingerprint("redis", {"db 0: keys of type hash": 1}, {}))
    assert fact_of(Key(0, b"omnimind:rate:x", "string", minute, 1)) is None
