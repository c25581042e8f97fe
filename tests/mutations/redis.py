"""A Redis or Valkey and its copy."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import RedisNotes
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from tests.mutations.mutation import verify
from tests.mutations.redis_content import EACH, FUNCTION, OTHER, TYPES, fill, fill_fields, fill_vectors
from tests.services import free_port
from tests.stores.redis.servers import client, served

PASSWORD = "of-the-tests"
Mutations = dict[str, Callable[[random.Random], object]]


class RedisCopy:
    """Two servers of one program. `fields`: hash fields expire; `vectors`: vector sets."""

    def __init__(self, source: RedisEndpoint, native: RedisEndpoint, port: int) -> None:
        self.source, self.port = client(source), port
        self.endpoint, self.native, self.other = source, client(native), client(native, OTHER)
        commands = set(self.source.execute_command("COMMAND LIST"))
        self.fields, self.vectors = b"hpexpire" in commands, b"vadd" in commands
        self.mutations: Mutations = {
            **_keys(self.native, self.other),
            **_expiries(self.native),
            **_elements(self.native),
            **_streams(self.native),
            **_functions(self.native),
            **(_fields(self.native) if self.fields else {}),
            **(_vectors(self.native) if self.vectors else {}),
        }

    def prepare(self, chance: random.Random) -> None:
        """Fill the source, copy it byte by byte, and note it as the cutover does."""
        for link in (self.source, self.native):
            link.flushall()
            link.function_flush()
        fill(self.source, chance)
        if self.fields:
            fill_fields(self.source)
        if self.vectors:
            fill_vectors(self.source)
        second = client(self.endpoint, OTHER)
        second.set("elsewhere", "a")
        second.sadd("members", *"abc")
        for source, native in ((self.source, self.native), (second, self.other)):
            for name in source.scan_iter(count=1000):
                native.restore(name, max(0, source.pexpiretime(name)), source.dump(name), absttl=True)
        self.native.function_restore(self.source.function_dump())
        horizon = choose_horizon(self.endpoint)
        self.notes = MemoryNotes()
        noted = fingerprint(self.endpoint, horizon, minutes=True)
        Memo(self.notes, "take-redis", RedisNotes).write(RedisNotes(horizon, noted, True))

    def verify(self) -> None:
        """Compare as a migration does."""
        verify(VerifyPayload(redis=True), Goal(redis_port=self.port), self.notes, PASSWORD)


@contextmanager
def redis_copy(program: str) -> Iterator[RedisCopy]:
    """Run both servers for the block."""
    port = free_port()
    with ExitStack() as stack:
        source = stack.enter_context(served(program))
        native = stack.enter_context(served(program, "--port", str(port), "--requirepass", PASSWORD))
        yield RedisCopy(source, native, port)


def _any(chance: random.Random, kind: str = "") -> str:
    return f"{kind or chance.choice(TYPES)} {chance.randrange(EACH)}"


def _keys(link: Any, other: Any) -> Mutations:
    def lose(share: float) -> Callable[[random.Random], object]:
        return lambda chance: link.delete(*chance.sample(sorted(link.keys()), max(1, int(link.dbsize() * share))))

    def to_another_type(chance: random.Random) -> None:
        name = _any(chance, "list")
        link.delete(name)
        link.set(name, "element 0")

    return {
        "everything lost": lambda _: link.flushall(),
        "a database lost": lambda chance: chance.choice((link, other)).flushdb(),
        "half of the keys lost": lose(0.5),
        "a few keys lost": lose(0.05),
        **{f"a {kind} lost": lambda chance, kind=kind: link.delete(_any(chance, kind)) for kind in TYPES},
        "a key renamed": lambda chance: link.rename(_any(chance), "another name"),
        "a key in another database": lambda chance: link.move(_any(chance), chance.choice((1, OTHER, 15))),
        "two databases swapped": lambda _: link.swapdb(0, OTHER),
        "a key of another type": to_another_type,
        "two keys swapped": lambda _: (
            link.rename("string 1", "swap"),
            link.rename("string 2", "string 1"),
            link.rename("swap", "string 2"),
        ),
        "a key added": lambda chance: link.set("new", "x", ex=chance.choice((None, 40, 2000, 90_000))),
        "a list added": lambda _: link.rpush("new", "x"),
        "a set added": lambda _: link.sadd("new", "x"),
        "a sorted set added": lambda _: link.zadd("new", {"x": 1}),
        "a hash added": lambda _: link.hset("new", "x", "y"),
        "a stream added": lambda _: link.xgroup_create("new", "group", mkstream=True),
        "a key in a new database": lambda _: link.execute_command("COPY", "string 9", "string 9", "DB", 7),
        "a session of the old backend lost": lambda _: link.delete("omnimind:session:from before"),
        "an embedding of the old backend lost": lambda _: link.delete("omnimind:embedding:from before"),
        "an embedding of the old backend changed": lambda _: link.append("omnimind:embedding:from before", "x"),
    }


def _expiries(link: Any) -> Mutations:
    def timed(chance: random.Random) -> str:
        return f"{chance.choice(TYPES)} {chance.randrange(7)}"

    def move(chance: random.Random, by: int) -> None:
        name = timed(chance)
        link.pexpireat(name, link.pexpiretime(name) + by)

    return {
        "an expiry later by a millisecond": lambda chance: move(chance, 1),
        "an expiry earlier by a millisecond": lambda chance: move(chance, -1),
        "an expiry later by a minute": lambda chance: move(chance, 60_000),
        "an expiry later by a day": lambda chance: move(chance, 86_400_000),
        "an expiry gone": lambda chance: link.persist(timed(chance)),
        "an expiry added, near": lambda chance: link.expire(f"{chance.choice(TYPES)} {chance.randrange(7, EACH)}", 50),
        "an expiry added, far": lambda chance: link.expire(
            f"{chance.choice(TYPES)} {chance.randrange(7, EACH)}", 80_000
        ),
        "a key that lives for half a minute lost": lambda chance: link.delete(f"{chance.choice(TYPES)} 0"),
        "a key that lives for half a minute changed": lambda _: link.set("string 0", "other", keepttl=True),
    }


def _elements(link: Any) -> Mutations:
    def flip(chance: random.Random) -> None:
        name = _any(chance, "string")
        at = chance.randrange(link.strlen(name) * 8)
        link.setbit(name, at, 1 - link.getbit(name, at))

    def score(chance: random.Random) -> None:
        name = _any(chance, "zset")
        link.zadd(name, {"member 1": math.nextafter(1 / 7, 1)})

    return {
        "a bit of a string": flip,
        "a string longer": lambda chance: link.append(_any(chance, "string"), b"\0"),
        "a string emptied": lambda chance: link.set(_any(chance, "string"), "", keepttl=True),
        "an element of a list lost": lambda chance: link.lpop(_any(chance, "list")),
        "an element of a list added": lambda chance: link.rpush(_any(chance, "list"), ""),
        "an element of a list changed": lambda chance: link.lset(_any(chance, "list"), -1, "x"),
        "two elements of a list swapped": lambda chance: (
            link.lset(name := _any(chance, "list"), 0, "element 1"),
            link.lset(name, 1, "element 0"),
        ),
        "a member of a set lost": lambda chance: link.srem(_any(chance, "set"), "member 2"),
        "a member of a set added": lambda chance: link.sadd(_any(chance, "set"), "x"),
        "a member of a set changed": lambda chance: (
            link.srem(name := _any(chance, "set"), "member 1"),
            link.sadd(name, "Member 1"),
        ),
        "a score by its last bit": score,
        "a score negated": lambda chance: link.zadd(_any(chance, "zset"), {"member 2": -2 / 7}),
        "a member of a sorted set lost": lambda chance: link.zrem(_any(chance, "zset"), "member 0"),
        "a member of a sorted set added": lambda chance: link.zadd(_any(chance, "zset"), {"x": 0}),
        "two scores swapped": lambda chance: link.zadd(_any(chance, "zset"), {"member 1": 2 / 7, "member 2": 1 / 7}),
        "a field lost": lambda chance: link.hdel(_any(chance, "hash"), "field 1"),
        "a field added": lambda chance: link.hset(_any(chance, "hash"), "x", ""),
        "a field's value changed": lambda chance: link.hset(_any(chance, "hash"), "field 1", "01"),
        "two fields swapped": lambda chance: link.hset(_any(chance, "hash"), mapping={"field 1": 2, "field 2": 1}),
    }


def _streams(link: Any) -> Mutations:
    def any_stream(chance: random.Random) -> str:
        return _any(chance, "stream")

    def claim(chance: random.Random, *more: object) -> object:
        return link.execute_command("XCLAIM", any_stream(chance), "workers", "one", 0, "3-0", *more)

    return {
        "an entry lost": lambda chance: link.xdel(any_stream(chance), f"{chance.choice((1, 3, 8, 11))}-0"),
        "the last entry lost": lambda chance: link.xdel(any_stream(chance), "12-0"),
        "an entry added": lambda chance: link.xadd(any_stream(chance), {"n": 13}, id="13-0"),
        "a stream cut": lambda chance: link.xtrim(any_stream(chance), maxlen=2, approximate=False),
        "a last id": lambda chance: link.execute_command("XSETID", any_stream(chance), "99-0"),
        "a group lost": lambda chance: link.xgroup_destroy(any_stream(chance), chance.choice(("workers", "idle"))),
        "a group added": lambda chance: link.xgroup_create(any_stream(chance), "new", id="0"),
        "a group's position": lambda chance: link.xgroup_setid(any_stream(chance), "idle", "4-0"),
        "a consumer lost": lambda chance: link.xgroup_delconsumer(any_stream(chance), "workers", "lazy"),
        "a consumer added": lambda chance: link.xgroup_createconsumer(any_stream(chance), "idle", "new"),
        "a pending entry acknowledged": lambda chance: link.xack(any_stream(chance), "workers", "7-0"),
        "a pending entry of another consumer": lambda chance: link.xclaim(
            any_stream(chance), "workers", "lazy", 0, ["6-0"]
        ),
        "a pending entry's deliveries": lambda chance: claim(chance, "RETRYCOUNT", 9),
        "a pending entry added": lambda chance: link.xreadgroup("workers", "one", {any_stream(chance): ">"}, count=1),
    }


def _functions(link: Any) -> Mutations:
    return {
        "a function library lost": lambda _: link.function_flush(),
        "a function library changed": lambda _: link.execute_command(
            "FUNCTION", "LOAD", "REPLACE", FUNCTION.format("library", "one", 2)
        ),
        "a function library added": lambda _: link.execute_command(
            "FUNCTION", "LOAD", FUNCTION.format("more", "two", 1)
        ),
    }


def _fields(link: Any) -> Mutations:
    def expire(field: str, seconds: int) -> Callable[[random.Random], object]:
        return lambda chance: link.execute_command(
            "HEXPIRE", f"fields {chance.randrange(3)}", seconds, "FIELDS", 1, field
        )

    def persist(field: str) -> Callable[[random.Random], object]:
        return lambda chance: link.execute_command("HPERSIST", f"fields {chance.randrange(3)}", "FIELDS", 1, field)

    return {
        "a field that expires soon lost": lambda chance: link.hdel(f"fields {chance.randrange(3)}", "soon"),
        "a field that expires later lost": lambda chance: link.hdel(f"fields {chance.randrange(3)}", "later"),
        "a field's expiry, near": expire("soon", 70),
        "a field's expiry, far": expire("later", 90_009),
        "a field's expiry added": expire("kept", 80),
        "a field's expiry gone, near": persist("soon"),
        "a field's expiry gone, far": persist("later"),
        "a hash with nothing but a field that expires soon lost": lambda _: link.delete("only soon"),
    }


def _vectors(link: Any) -> Mutations:
    def vadd(name: str, *arguments: object) -> Callable[[random.Random], object]:
        return lambda _: link.execute_command("VADD", name, "VALUES", *arguments)

    return {
        "a vector set lost": lambda _: link.delete("vectors"),
        "an element of a vector set lost": lambda _: link.execute_command("VREM", "vectors", "e7"),
        "an element of a vector set added": vadd("vectors", 3, 1, 1, 1, "new"),
        "a vector changed": vadd("vectors", 3, 9, 9, 9, "e7"),
        "a vector by a bit": vadd("exact", 2, "7.0000005", 1, "e7", "NOQUANT"),
        "an attribute of a vector": lambda _: link.execute_command("VSETATTR", "vectors", "e7", '{"n": 2}'),
    }
