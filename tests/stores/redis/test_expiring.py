"""Keys that expire within the hour are compared too, as long as their minute is ahead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.stores.redis.compare import comparable_fingerprints
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import EXPIRING, GRACE, MARGIN, expired, fact_of, summarized, without_past
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.servers import REDIS, client, served, valkey_program

SESSIONS = 300


def differences(source: RedisEndpoint, native: RedisEndpoint) -> int:
    horizon = choose_horizon(source)
    noted = fingerprint(source, horizon, minutes=True)
    sides = comparable_fingerprints(native, noted, horizon, lambda _event: None, "verify")
    return len(compare(sides.source, sides.native))


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
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(REDIS, folder=tmp_path) as native:
            client(native).set("omnimind:rate:127.0.0.1", "7", ex=900)
            assert differences(source, native) == 0


NEAR = {
    "lost": lambda link: link.delete("token"),
    "value": lambda link: link.set("token", "b", keepttl=True),
    "expiry": lambda link: link.pexpireat("token", link.pexpiretime("token") + 1),
    "never": lambda link: link.persist("token"),
    "added": lambda link: link.set("other", "a", ex=20),
    "session of the backend": lambda link: link.delete("omnimind:session:x"),
}


@pytest.mark.parametrize("damage", NEAR.values(), ids=NEAR.keys())
def test_a_key_that_lives_for_seconds_is_compared_too(damage: Callable[[Any], object], tmp_path: Path) -> None:
    with served(REDIS) as source:
        client(source).set("token", "a", ex=20)
        client(source).set("omnimind:session:x", "a", ex=20)
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(REDIS, folder=tmp_path) as native:
            assert differences(source, native) == 0
            damage(client(native))
            assert differences(source, native) > 0


def with_field_expiries(endpoint: RedisEndpoint) -> None:
    link = client(endpoint)
    link.hset("hash", mapping={"kept": 1, "soon": 2, "tomorrow": 3})
    link.execute_command("HEXPIRE", "hash", 30, "FIELDS", 1, "soon")
    link.execute_command("HEXPIRE", "hash", 86400, "FIELDS", 1, "tomorrow")
    link.hset("only soon", "a", "b")
    link.execute_command("HEXPIRE", "only soon", 40, "FIELDS", 1, "a")


@pytest.mark.parametrize(
    "damage",
    [
        lambda link: link.hdel("hash", "soon"),
        lambda link: link.execute_command("HPERSIST", "hash", "FIELDS", 1, "soon"),
        lambda link: link.execute_command("HEXPIRE", "hash", 33, "FIELDS", 1, "soon"),
        lambda link: link.execute_command("HEXPIRE", "hash", 86402, "FIELDS", 1, "tomorrow"),
        lambda link: link.delete("only soon"),
        lambda link: link.rename("only soon", "other name"),
    ],
    ids=["lost", "never", "expiry", "later expiry", "key", "name"],
)
def test_a_hash_field_that_expires_soon_is_compared(damage: Callable[[Any], object]) -> None:
    with served(valkey_program()) as source, served(valkey_program()) as native:
        with_field_expiries(source)
        copy_keys(source, native, lambda _event: None)
        assert differences(source, native) == 0
        damage(client(native))
        assert differences(source, native) > 0


def test_what_has_expired_meanwhile_is_counted(tmp_path: Path) -> None:
    with served(REDIS) as source, served(REDIS) as native:
        for number in range(7):
            client(source).set(f"gone {number}", "x", px=100)
        client(source).set("kept", "x", ex=900)
        client(native).set("kept", "x", pxat=client(source).pexpiretime("kept"))
        horizon = choose_horizon(source)
        noted = fingerprint(source, horizon, minutes=True)
        while client(source).get("gone 6"):
            pass
        sides = comparable_fingerprints(native, noted, horizon, lambda _event: None, "verify")
        assert compare(sides.source, sides.native) == ()
        assert sides.expired == 7
        assert sides.for_receipt[0].counts == {EXPIRING: 1} == sides.for_receipt[1].counts


def test_a_group_counts_while_it_is_ahead() -> None:
    horizon = 1_800_000_000_000
    near, far = round(horizon - GRACE * 1000), horizon - 100_000
    names = [fact_of(0, "keys", near + after, horizon) for after in (0, 999, 1000)]
    assert names[0] == names[1] != names[2]
    assert fact_of(0, "keys", far, horizon) == fact_of(0, "keys", far + 9999, horizon)
    assert (
        fact_of(0, "keys", far, horizon)
        != fact_of(0, "hash fields", far, horizon)
        != fact_of(0, "keys", far, horizon, " below x:")
    )
    facts = Fingerprint("redis", dict.fromkeys(names, 1), {names[2]: "0a", "db 0: content of type hash": "ff"})
    assert without_past(facts, near - MARGIN).counts == facts.counts
    assert list(without_past(facts, near - MARGIN + 1).counts) == names[2:]
    assert expired(facts, near - MARGIN + 1) == 1
    assert summarized(facts).digests == {"db 0: content of type hash": "ff", EXPIRING: f"{10:032x}"}
