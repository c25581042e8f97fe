"""What a Redis holds before it is copied: keys of each type, of which some expire."""

from __future__ import annotations

import random
import time
from typing import Any

TYPES = ("string", "list", "set", "zset", "hash", "stream")
EACH = 12
"""Keys of a type."""
FUNCTION = "#!lua name={}\nredis.register_function('{}', function() return {} end)"
OTHER = 3
"""Another database with keys."""


def fill(link: Any, chance: random.Random) -> None:
    """Write keys of each type, of which some expire: in half a minute, in minutes, in hours."""
    for number in range(EACH):
        link.set(f"string {number}", chance.randbytes(chance.choice((1, 20, 5000))) + b"x")
        link.rpush(f"list {number}", *(f"element {n}" for n in range(3 + chance.choice((0, 2500)))))
        link.sadd(f"set {number}", *(f"member {n}" for n in range(3 + chance.choice((0, 2500)))))
        link.zadd(f"zset {number}", {f"member {n}": n / 7 for n in range(3 + chance.choice((0, 2500)))})
        link.hset(f"hash {number}", mapping={f"field {n}": n for n in range(3 + chance.choice((0, 2500)))})
        _fill_stream(link, f"stream {number}")
    link.set("omnimind:session:from before", "who", ex=900)
    link.set("omnimind:embedding:from before", "vector", ex=90_000)
    now = time.time_ns() // 1_000_000
    for kind in TYPES:
        for number, seconds in enumerate((30, 45, 200, 1500, 3500, 7200, 800_000)):
            link.pexpireat(f"{kind} {number}", now + seconds * 1000 + chance.randrange(1000))
    link.execute_command("FUNCTION", "LOAD", FUNCTION.format("library", "one", 1))


def _fill_stream(link: Any, name: str) -> None:
    for n in range(1, 13):
        link.xadd(name, {"n": n}, id=f"{n}-0")
    link.xgroup_create(name, "workers", id="0")
    link.xgroup_create(name, "idle", id="3-0")
    link.xgroup_createconsumer(name, "workers", "lazy")
    link.xreadgroup("workers", "one", {name: ">"}, count=8)
    link.xdel(name, "5-0")


def fill_fields(link: Any) -> None:
    """Write hashes whose fields expire."""
    for number in range(3):
        link.hset(f"fields {number}", mapping={"kept": 1, "soon": 2, "later": 3})
        link.execute_command("HEXPIRE", f"fields {number}", 60 + number, "FIELDS", 1, "soon")
        link.execute_command("HEXPIRE", f"fields {number}", 90_000, "FIELDS", 1, "later")
    link.hset("only soon", "field", "value")
    link.execute_command("HEXPIRE", "only soon", 300, "FIELDS", 1, "field")


def fill_vectors(link: Any) -> None:
    """Write vector sets."""
    for number in range(40):
        link.execute_command("VADD", "vectors", "VALUES", 3, number, 1, 2, f"e{number}", "SETATTR", '{"n": 1}')
        link.execute_command("VADD", "exact", "VALUES", 2, number, 1, f"e{number}", "NOQUANT")
