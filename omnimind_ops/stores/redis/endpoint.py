"""Address of a Redis or Valkey server."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RedisEndpoint:
    """A server: TCP `host` and `port`, or the absolute path of a unix `socket` if set. The password is not part of the
    repr.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    socket: str = ""
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.socket or f"{self.host}:{self.port}"
