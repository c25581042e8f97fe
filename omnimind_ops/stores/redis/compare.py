"""Compare the native Redis with the server it replaces. Keys that the native backends have written are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell
from omnimind_ops.stores.redis.backend_keys import FACT_SUFFIXES
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import expired, summarized, without_past
from omnimind_ops.stores.redis.fingerprint import fingerprint
from omnimind_ops.stores.redis.keys import server_time
from omnimind_ops.stores.redis.users import user_digests


@dataclass(frozen=True)
class Comparable:
    """Both fingerprints as they can be compared; how many keys do not count, and why.

    `ignored`: the native backends have written them. `expired`: they were in the source, and their time has passed.
    `evicted`: the native server has dropped them since its start, because it was full.
    """

    source: Fingerprint
    native: Fingerprint
    ignored: int
    expired: int
    evicted: int

    @property
    def for_receipt(self) -> tuple[Fingerprint, Fingerprint]:
        """Return both with what expires soon in one fact."""
        return summarized(self.source), summarized(self.native)


def comparable_fingerprints(
    native: RedisEndpoint,
    source: Fingerprint,
    horizon: int,
    tell: Tell,
    step: str,
    users: Mapping[str, str] | None = None,
) -> Comparable:
    """Read the native server, and return both sides as they can be compared. `users` are the digests of the carried
    users (ACL) by name.

    Of the keys that expire soon, those count that both servers must still have.

    Kinds of backend keys that the source does not have at all are ignored: only the native backends can have written
    them. A kind that the source also has is compared completely, so a lost key is never mistaken for a new one.
    """
    content = fingerprint(native, horizon, tell, step, minutes=True)
    new = tuple(suffix for suffix in FACT_SUFFIXES if not any(name.endswith(suffix) for name in source.counts))
    counts = {name: count for name, count in content.counts.items() if not name.endswith(new)}
    digests = {name: digest for name, digest in content.digests.items() if not name.endswith(new)}
    ignored = sum(count for name, count in content.counts.items() if ": keys of type " in name and name.endswith(new))
    with connect(native) as connection:
        now, evicted = server_time(connection), _evicted(connection)
        result = user_digests(connection, users) if users else {}
    own = without_past(Fingerprint(content.store, counts, digests | _facts(result)), now)
    old = without_past(replace(source, digests={**source.digests, **_facts(users or {})}), now)
    return Comparable(old, own, ignored, expired(source, now), evicted)


def _facts(users: Mapping[str, str]) -> dict[str, str]:
    return {f"user {name}": digest for name, digest in users.items()}


def _evicted(connection: Connection) -> int:
    lines = as_bytes(connection.call("INFO", "stats")).decode(errors="replace").splitlines()
    return next((int(line.split(":")[1]) for line in lines if line.startswith("evicted_keys:")), 0)
