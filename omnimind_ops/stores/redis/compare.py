"""Compare the native Redis with the server it replaces. Keys that the native backends have written are ignored."""

from __future__ import annotations

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell
from omnimind_ops.stores.redis.backend_keys import FACT_SUFFIXES
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import has_minutes, without_past
from omnimind_ops.stores.redis.fingerprint import fingerprint
from omnimind_ops.stores.redis.keys import server_time


def comparable_fingerprints(
    native: RedisEndpoint, source: Fingerprint, horizon: int, tell: Tell, step: str
) -> tuple[Fingerprint, Fingerprint, int]:
    """Read the native server; return the source's and its fingerprint as they can be compared, and the number of ignored
    keys.

    Of the keys that expire soon, those count that both servers must still have.

    Kinds of backend keys that the source does not have at all are ignored: only the native backends can have written
    them. A kind that the source also has is compared completely, so a lost key is never mistaken for a new one.
    """
    content = fingerprint(native, horizon, tell, step, minutes=has_minutes(source))
    new = tuple(suffix for suffix in FACT_SUFFIXES if not any(name.endswith(suffix) for name in source.counts))
    counts = {name: count for name, count in content.counts.items() if not name.endswith(new)}
    digests = {name: digest for name, digest in content.digests.items() if not name.endswith(new)}
    ignored = sum(count for name, count in content.counts.items() if ": keys of type " in name and name.endswith(new))
    with connect(native) as connection:
        now = server_time(connection)
    return without_past(source, now), without_past(Fingerprint(content.store, counts, digests), now), ignored
