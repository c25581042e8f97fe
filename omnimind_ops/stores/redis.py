"""Redis and Valkey: where a server listens. Start here; the verbs live beside it:

redis_facts (what the server is), redis_way (RDB or logical, and why), redis_fingerprint (what it holds), redis_sync (take an RDB of a live
server), redis_copy (key by key), redis_scratch (the target's own server as a converter), redis_rdb (dump files and where they go).
redis_wire, redis_keys, redis_values and redis_streams are what those are made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RedisEndpoint:
    """A server: TCP `host` and `port`, or the absolute path of a unix `socket` when given. The password never shows in a repr."""

    host: str = "127.0.0.1"
    port: int = 6379
    socket: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.socket or f"{self.host}:{self.port}"
