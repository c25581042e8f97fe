"""Counts and digests of a server's data. They are equal for equal data, whatever the server's version, encoding or copy
method.

Names: "db 0: keys of type hash", "db 0: keys with a time to live" (counts) and "db 0: content of type hash" (digest, 32
hex digits). A digest is the sum (mod 2^128) of one BLAKE2b per key over name, value and absolute expiry in
milliseconds, so the order of keys does not matter. Sets and hashes are order-free, lists are in order, scores are exact
doubles, streams include ids, last id, groups, consumers and pending entries. Keys that OmniMind's backend writes have
separate facts ("db 0: keys of type string below omnimind:embedding:"); backend_keys.py gives the reason. Left out,
because it changes by itself or cannot be copied: idle times, LFU/LRU, encodings, entries-added, pending entries without
an entry.

Keys that expire during the move must not look like a difference. Keys (and hash fields) that expire before a given
moment, the `horizon`, are left out on both sides. Use one horizon for both fingerprints and compare before it passes; a
fingerprint that ends after its horizon is refused.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.backend_keys import below
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, Key, databases, keys, server_time
from omnimind_ops.stores.redis.streams import entries, stream_state
from omnimind_ops.stores.redis.values import Parts, field_expiries, values
from omnimind_ops.stores.redis.wire import Wire, blob, connect

GRACE = 3600.0
MODULUS = 1 << 128


def horizon(endpoint: RedisEndpoint, grace: float = GRACE) -> int:
    """Return the moment `grace` seconds ahead on the server's clock, in unix milliseconds.

    `grace` must be longer than the time between the start of the first fingerprint and the end of the last one.
    """
    with connect(endpoint) as wire:
        return server_time(wire) + round(grace * 1000)


def fingerprint(endpoint: RedisEndpoint, horizon: int, tell: Tell | None = None, step: str = "") -> Fingerprint:
    """Read all data and return counts and digests. Keys that expire before `horizon` (unix milliseconds) are left out.

    Reads about 50 000 to 100 000 small keys per second. Exact only while nobody writes. Raise Problem when the horizon
    has passed at the end.
    """
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    with connect(endpoint) as wire:
        facts = read_facts(wire)
        done = 0
        for db in databases(wire):
            for batch in keys(wire, db):
                _add(
                    wire,
                    [k for k in batch if k.expires == NEVER or k.expires >= horizon],
                    horizon,
                    counts,
                    sums,
                    fields=facts.field_ttls is not False,
                )
                done += len(batch)
                if tell:
                    tell(progress(step, "reading Redis keys", done, max(done, facts.total_keys), "keys"))
        for name, code in libraries(wire):
            counts["function libraries"] += 1
            sums["function libraries"] += _sum([name, code])
        _check_horizon(wire, horizon)
    return Fingerprint("redis", dict(counts), {name: f"{value % MODULUS:032x}" for name, value in sums.items()})


def _check_horizon(wire: Wire, horizon: int) -> None:
    if server_time(wire) >= horizon:
        passed = time.strftime("%H:%M:%S UTC", time.gmtime(horizon / 1000))
        raise Problem(
            "cannot compare these Redis keys",
            f"the comparison leaves out keys that expire before {passed}, and that moment has passed",
            "take both fingerprints again with a longer grace",
        )


def _add(
    wire: Wire, batch: Sequence[Key], horizon: int, counts: Counter[str], sums: Counter[str], *, fields: bool
) -> None:
    for key, content in _contents(wire, batch, horizon, fields=fields):
        own = below(key.name)
        counts[f"db {key.db}: keys of type {key.type}{own}"] += 1
        if key.expires != NEVER:
            counts[f"db {key.db}: keys with a time to live{own}"] += 1
        sums[f"db {key.db}: content of type {key.type}{own}"] += _sum([key.name, b"%d" % key.expires, content])


def _contents(wire: Wire, batch: Sequence[Key], horizon: int, *, fields: bool) -> Iterable[tuple[Key, bytes]]:
    """Yield each key that still exists with the digest of its value."""
    for key, parts in values(wire, batch):
        digest = _timed_hash(wire, key, parts, horizon) if fields and key.type == "hash" else DIGESTS[key.type](parts)
        if digest:
            yield key, digest
    for key in batch:
        if key.type == "stream":
            yield key, _stream(wire, key)
        elif key.type not in SIZES and (dump := wire.call("DUMP", key.name)):
            # A module's type: its own serialisation, without version and checksum. Equal keys may differ, but different
            # keys never agree.
            yield key, _bytes([blob(dump)[:-10]])


def _one_value(parts: Parts) -> bytes:
    return _bytes(next(parts))


def _in_order(parts: Parts) -> bytes:
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(_framed(part))
    return found.digest()


def _in_any_order(parts: Parts) -> bytes:
    return _total(_sum([member]) for part in parts for member in part)


def _by_pairs(parts: Parts) -> bytes:
    return _total(_sum([part[at], part[at + 1]]) for part in parts for at in range(0, len(part), 2))


def _scored(parts: Parts) -> bytes:
    """Return the digest of a sorted set. Scores are compared as doubles: servers print the same score as "0.1" or
    "0.10000000000000001".
    """
    return _total(
        _sum([part[at], struct.pack(">d", float(part[at + 1]))]) for part in parts for at in range(0, len(part), 2)
    )


DIGESTS: dict[str, Callable[[Parts], bytes]] = {
    "string": _one_value,
    "list": _in_order,
    "set": _in_any_order,
    "hash": _by_pairs,
    "zset": _scored,
}


def _timed_hash(wire: Wire, key: Key, parts: Parts, horizon: int) -> bytes:
    """Return the digest of a hash whose fields may expire; empty when no field outlives the horizon.

    Equal to `_by_pairs` when no field expires.
    """
    total, found = 0, False
    for part in parts:
        for at, expires in zip(range(0, len(part), 2), field_expiries(wire, key, part[::2]), strict=True):
            if expires == NEVER or expires >= horizon:
                found = True
                total += _sum(
                    [part[at], part[at + 1]] if expires == NEVER else [part[at], part[at + 1], b"%d" % expires]
                )
    return _total([total]) if found else b""


def _stream(wire: Wire, key: Key) -> bytes:
    found = blake2b(digest_size=16)
    for piece in entries(wire, key.name):
        for id_, fields in piece:
            found.update(_framed([id_, *fields]) + b";")
    state = stream_state(wire, key.name)
    found.update(b"state" + _framed([state.last_id]))
    for group in state.groups:
        found.update(b"group" + _framed([group.name, group.last_delivered]) + b"consumers" + _framed(group.consumers))
        for owed in group.pending:
            found.update(b"pending" + _framed([owed.id, owed.consumer, b"%d" % owed.deliveries]))
    return found.digest()


def _framed(words: Iterable[bytes]) -> bytes:
    """Join words so that no two different sequences give the same bytes."""
    return b"".join([b"%d:%b" % (len(word), word) for word in words])


def _bytes(words: Iterable[bytes]) -> bytes:
    return blake2b(_framed(words), digest_size=16).digest()


def _sum(words: Iterable[bytes]) -> int:
    return int.from_bytes(_bytes(words), "big")


def _total(numbers: Iterable[int]) -> bytes:
    return (sum(numbers) % MODULUS).to_bytes(16, "big")
