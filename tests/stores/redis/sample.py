"""A data set with one of everything that has ever gone wrong in a copy."""

from __future__ import annotations

import time
from typing import Any

BINARY = bytes(range(256))
HOUR = 3600


def fill(client: Any, other: Any) -> None:
    """Fill database 0 (`client`) and another one (`other`). Every key with a time to live has hours left."""
    now = int(time.time())
    client.set("string", "value")
    client.set("empty", "")
    client.set(BINARY, BINARY)
    client.set(b"line\r\nbreak \xff", b"\r\n$3\r\n")
    client.set("number", 12345678901234)
    client.setbit("bitmap", 100_003, 1)
    client.set("big", b"x" * 3_000_000)
    client.set("timed", "value", pxat=now * 1000 + 5 * HOUR * 1000 + 7)
    client.pfadd("hyperloglog", *range(2000))
    client.rpush("list", *[b"%d" % n for n in range(50)], BINARY, "")
    client.rpush("long list", *[b"%d" % (n % 7) for n in range(5500)])
    client.sadd("integers", *range(300))
    client.sadd("set", "a", BINARY, "")
    client.sadd("large set", *[f"member {n}" for n in range(6000)])
    client.hset("hash", mapping={"field": "value", BINARY: BINARY, "": ""})
    client.hset("large hash", mapping={f"field {n}": n for n in range(6000)})
    client.expireat("large hash", now + 7 * HOUR)
    client.zadd(
        "zset",
        {
            "a": 0.1,
            "b": -1.5,
            BINARY: 1e308,
            "inf": float("inf"),
            "minus": float("-inf"),
            "tiny": 5e-324,
            "third": 1 / 3,
        },
    )
    client.zadd("large zset", {f"member {n}": n / 7 for n in range(6000)})
    client.geoadd("places", (13.361389, 38.115556, "Palermo"))
    _streams(client)
    other.set("string", "in another database")
    other.sadd("set", *"abc")
    other.expireat("set", now + 9 * HOUR)


def _streams(client: Any) -> None:
    for n in range(2500):
        client.xadd("stream", {"n": n, BINARY: BINARY}, id=f"{1000 + n}-{n % 3}")
    client.xdel("stream", "1007-1", "3499-2")
    client.xgroup_create("stream", "workers", id="0")
    client.xgroup_create("stream", "idle", id="1500-0")
    client.xgroup_createconsumer("stream", "workers", "lazy")
    client.xreadgroup("workers", "one", {"stream": ">"}, count=1300)
    client.xreadgroup("workers", BINARY, {"stream": ">"}, count=5)
    client.xack("stream", "workers", "1000-0", "1001-1")
    client.xclaim("stream", "workers", "two", 0, ["1002-2"])
    client.xdel("stream", "1005-2")  # pending without an entry
    client.xgroup_create("stream of nothing", "g", id="0", mkstream=True)
    client.xadd("emptied stream", {"a": 1}, id="5-5")
    client.xdel("emptied stream", "5-5")
