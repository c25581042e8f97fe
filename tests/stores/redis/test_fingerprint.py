"""The fingerprint: equal for equal data, different for any difference, blind to keys that are about to expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, connect
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from tests.stores.redis.sample import BINARY, fill
from tests.stores.redis.servers import REDIS, client, served, valkey_program


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RedisEndpoint, RedisEndpoint]]:
    """Two servers of different makers."""
    with served(REDIS) as item, served(valkey_program()) as two:
        yield item, two


@pytest.fixture
def source(servers: tuple[RedisEndpoint, RedisEndpoint]) -> RedisEndpoint:
    """A filled server."""
    client(servers[0]).flushall()
    fill(client(servers[0]), client(servers[0], 5))
    return servers[0]


@pytest.fixture
def copy(source: RedisEndpoint, servers: tuple[RedisEndpoint, RedisEndpoint]) -> RedisEndpoint:
    """An equal copy on another maker's server."""
    copy_keys(source, servers[1], lambda event: None, scratch=True)
    return servers[1]


CHANGES: dict[str, tuple[Callable[[Any], Any], set[str]]] = {
    "a byte of a string": (lambda c: c.setrange(BINARY, 200, b"\0"), {"content of type string"}),
    "an empty string gone": (lambda c: c.delete("empty"), {"content of type string", "keys of type string"}),
    "a string for a list": (
        lambda c: (c.delete("list"), c.set("list", "")),
        {"content of type string", "content of type list", "keys of type string", "keys of type list"},
    ),
    "a name": (lambda c: c.rename("number", "numbers"), {"content of type string"}),
    "a bit": (lambda c: c.setbit("bitmap", 7, 1), {"content of type string"}),
    "two values swapped": (
        lambda c: (c.set("string", "x"), c.set("number", "value"), c.set("string", 12345678901234)),
        {"content of type string"},
    ),
    "an expiry by a millisecond": (
        lambda c: c.pexpireat("timed", c.pexpiretime("timed") + 1),
        {"content of type string"},
    ),
    "an expiry gone": (lambda c: c.persist("large hash"), {"content of type hash", "keys with a time to live"}),
    "a list's order": (lambda c: c.rpush("list", c.lpop("list")), {"content of type list"}),
    "a long list's tail": (lambda c: c.lset("long list", 5499, "x"), {"content of type list"}),
    "elements joined": (lambda c: (c.ltrim("list", 0, 1), c.rpush("list", "23")), {"content of type list"}),
    "a member": (lambda c: (c.srem("set", "a"), c.sadd("set", "A")), {"content of type set"}),
    "a member of a large set": (
        lambda c: (c.srem("large set", "member 7"), c.sadd("large set", "member x")),
        {"content of type set"},
    ),
    "an integer": (lambda c: c.srem("integers", 7), {"content of type set"}),
    "a field's value": (lambda c: c.hset("hash", BINARY, b"x"), {"content of type hash"}),
    "a field and its value swapped": (
        lambda c: (c.hdel("hash", "field"), c.hset("hash", "value", "field")),
        {"content of type hash"},
    ),
    "a field of a large hash": (lambda c: c.hset("large hash", "field 4711", "x"), {"content of type hash"}),
    "a score by one bit": (lambda c: c.zadd("zset", {"a": 0.1 + 2**-56}), {"content of type zset"}),
    "a score of a large zset": (lambda c: c.zincrby("large zset", 1, "member 0"), {"content of type zset"}),
    "infinity": (lambda c: c.zadd("zset", {"inf": 1.7e308}), {"content of type zset"}),
    "a stream's entry": (lambda c: c.xdel("stream", "1100-1"), {"content of type stream"}),
    "a stream's last id": (lambda c: c.execute_command("XSETID", "emptied stream", "9-9"), {"content of type stream"}),
    "a group's position": (lambda c: c.xgroup_setid("stream", "idle", "1600-0"), {"content of type stream"}),
    "a group": (lambda c: c.xgroup_destroy("stream", "idle"), {"content of type stream"}),
    "a consumer": (lambda c: c.xgroup_delconsumer("stream", "workers", "lazy"), {"content of type stream"}),
    "a pending entry": (lambda c: c.xack("stream", "workers", "1004-1"), {"content of type stream"}),
    "a pending entry's owner": (
        lambda c: c.xclaim("stream", "workers", "lazy", 0, ["1004-1"]),
        {"content of type stream"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_single_change_shows(change: str, source: RedisEndpoint, copy: RedisEndpoint) -> None:
    until = choose_horizon(source)
    before = fingerprint(source, until)
    assert compare(before, fingerprint(copy, until)) == ()
    act, expected = CHANGES[change]
    act(client(copy))
    assert {d.name.removeprefix("db 0: ") for d in compare(before, fingerprint(copy, until))} == expected


def test_a_key_in_another_database_is_another_key(source: RedisEndpoint, copy: RedisEndpoint) -> None:
    until = choose_horizon(source)
    client(copy, 5).move("string", 6)
    names = {d.name for d in compare(fingerprint(source, until), fingerprint(copy, until))}
    assert names == {
        "db 5: keys of type string",
        "db 5: content of type string",
        "db 6: keys of type string",
        "db 6: content of type string",
    }


def test_the_order_in_which_things_were_written_does_not_matter(servers: tuple[RedisEndpoint, RedisEndpoint]) -> None:
    item, two = (client(e) for e in servers)
    for c, text in ((item, range(700)), (two, reversed(range(700)))):
        c.flushall()
        for n in text:
            c.set(f"key {n}", n)
            c.sadd("set", n, f"m{n}")
            c.hset("hash", f"f{n}", n)
            c.zadd("zset", {f"m{n}": n / 3})
    until = choose_horizon(servers[0])
    assert compare(*(fingerprint(e, until) for e in servers)) == ()


def test_keys_that_expire_meanwhile_make_no_difference(source: RedisEndpoint, copy: RedisEndpoint) -> None:
    client(source).set("gone soon", "x", px=300)
    client(source).set("kept", "x", ex=7200)
    client(copy).set("kept", "x", pxat=client(source).pexpiretime("kept"))
    until = choose_horizon(source, grace=3600)
    before = fingerprint(source, until)
    time.sleep(0.4)
    assert client(source).get("gone soon") is None
    assert compare(before, fingerprint(source, until)) == () == compare(before, fingerprint(copy, until))
    client(copy).delete("kept")
    assert compare(before, fingerprint(copy, until)) != ()


def test_a_horizon_that_has_passed_is_refused(source: RedisEndpoint) -> None:
    until = choose_horizon(source, grace=0.001)
    time.sleep(0.01)
    with pytest.raises(Problem, match="cannot compare") as caught:
        fingerprint(source, until)
    assert "migrate` again" in caught.value.fix


def test_expire_times_are_exact_on_servers_before_7_0_too(
    source: RedisEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = client(source).pipeline(transaction=False)
    for n in range(3000):
        pipe.set(f"timed {n}", n)
        pipe.pexpire(f"timed {n}", 9_000_000 + 37 * n)
    pipe.execute()
    until = choose_horizon(source)
    exact = fingerprint(source, until)
    monkeypatch.setattr(Connection, "supports", lambda self, command: False)
    assert compare(exact, fingerprint(source, until)) == ()


def test_a_hundred_thousand_keys(
    servers: tuple[RedisEndpoint, RedisEndpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = servers
    client(source).flushall()
    for start in range(0, 100_000, 10_000):
        client(source).mset({f"key {n}": f"value {n}" for n in range(start, start + 10_000)})
    until = choose_horizon(source)
    times = [time.perf_counter()]
    item = fingerprint(source, until)
    times.append(time.perf_counter())
    assert copy_keys(source, target, lambda event: None, scratch=True) == 100_000
    times.append(time.perf_counter())
    assert compare(item, fingerprint(target, until)) == ()
    with capsys.disabled():
        rates = [100_000 / (b - a) for a, b in zip(times, times[1:], strict=False)]
        print(f"\n    redis: {rates[0]:,.0f} keys/s fingerprinted, {rates[1]:,.0f} keys/s copied")


def test_a_reply_is_read_to_the_end_before_an_error_is_raised(source: RedisEndpoint) -> None:
    with connect(source) as connection:
        with pytest.raises(Problem, match="cannot run LPUSH b'string'"):
            connection.pipeline([("GET", "string"), ("LPUSH", b"string", "x"), ("GET", "string")])
        assert connection.call("GET", "string") == b"value"


def test_a_user_who_may_not_read_everything_is_refused_instead_of_trusted(source: RedisEndpoint) -> None:
    client(source).execute_command("ACL SETUSER half on >pw ~* +@all -function -zrange -config")
    with pytest.raises(Problem, match="no permissions"):
        fingerprint(replace(source, username="half", password="pw"), choose_horizon(source))
    client(source).execute_command("ACL SETUSER half +function")
    with pytest.raises(Problem, match="ZRANGE"):
        fingerprint(replace(source, username="half", password="pw"), choose_horizon(source))
    client(source).execute_command("ACL SETUSER half +zrange")
    assert (
        compare(
            fingerprint(source, until := choose_horizon(source)),
            fingerprint(replace(source, username="half", password="pw"), until),
        )
        == ()
    )


def test_a_key_replaced_by_one_of_another_type_meanwhile_is_passed_over(source: RedisEndpoint) -> None:
    with connect(source) as connection:
        assert connection.pipeline([("LLEN", "string"), ("STRLEN", "string")], retyped=True) == [None, 5]
