"""Counts and digests of a server's data. They are equal for equal data, whatever the server's version, encoding or copy
method.

Names: "db 0: keys of type hash", "db 0: keys with a time to live" (counts) and "db 0: content of type hash" (digest, 32
hex digits). A digest is the sum (mod 2^128) of one BLAKE2b per key over name, value and absolute expiry in
milliseconds, so the order of keys does not matter. Sets and hashes are order-free, lists are in order, scores are
doubles, streams include ids, last id, groups, consumers and pending entries, vector sets their vectors and attributes.
Keys that OmniMind's backend writes have separate facts ("db 0: keys of type string below omnimind:embedding:");
backend_keys.py gives the reason. Left out, because it changes by itself or cannot be copied: idle times, LFU/LRU,
encodings, entries-added, pending entries without an entry, the graph of a vector set, the sign of a score of zero.

Keys and hash fields that expire during the move must not look like a difference. Those that expire before a given
moment, the `horizon`, are left out or counted in groups by their expiry (expiring.py). Use one horizon for both
fingerprints and compare before it passes; a fingerprint that ends after its horizon is refused.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis import vector_sets
from omnimind_ops.stores.redis.backend_keys import fact_suffix
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.digests import DIGESTS, MODULUS, digest_stream, hash_of, number_of, sum_digest
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import GRACE, fact_of, is_own
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import function_libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, Key, scan_keys, server_time, used_databases
from omnimind_ops.stores.redis.values import Parts, field_expiries, read_values


def choose_horizon(endpoint: RedisEndpoint, grace: float = GRACE) -> int:
    """Return the moment `grace` seconds ahead on the server's clock, in unix milliseconds.

    `grace` must be longer than the time between the start of the first fingerprint and the end of the last one.
    """
    with connect(endpoint) as connection:
        return server_time(connection) + round(grace * 1000)


def fingerprint(
    endpoint: RedisEndpoint, horizon: int, tell: Tell | None = None, step: str = "", *, minutes: bool = False
) -> Fingerprint:
    """Read all data and return counts and digests.

    Keys that expire before `horizon` (unix milliseconds) are left out, or with `minutes` counted in groups by their
    expiry. Reads about 50 000 to 100 000 small keys per second. Exact only while nobody writes. Raise Problem when the
    horizon has passed at the end.
    """
    tally = Tally()
    with connect(endpoint) as connection:
        facts = read_facts(connection)
        reading = Reading(
            connection, horizon, lambda _, *share: tally.add(*share), facts.field_ttls is not False, minutes
        )
        done = 0
        for db in used_databases(connection):
            for batch in scan_keys(connection, db):
                reading.add(batch)
                done += len(batch)
                if tell:
                    tell(progress(step, "read Redis keys", done, max(done, facts.total_keys), "keys"))
        add_functions(connection, tally)
        check_horizon(connection, horizon)
    return tally.fingerprint()


@dataclass(frozen=True)
class Tally:
    """Facts that are added up: a count, a sum of digests, or both."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)

    def add(self, fact: str, count: int, number: int, sign: int = 1) -> None:
        """Add what one key contributes to a fact; with `sign` -1 take it away."""
        if count:
            self.counts[fact] += sign * count
        if number:
            self.sums[fact] += sign * number

    def fingerprint(self) -> Fingerprint:
        """Return the facts so far."""
        counts = {name: count for name, count in self.counts.items() if count}
        digests = {name: f"{value % MODULUS:032x}" for name, value in self.sums.items() if value}
        return Fingerprint("redis", counts, digests)


def add_functions(connection: Connection, tally: Tally) -> None:
    """Add the function libraries of a server."""
    for name, code in function_libraries(connection):
        tally.add("function libraries", 1, number_of([name, code]))


def check_horizon(connection: Connection, horizon: int) -> None:
    """Raise Problem when the horizon has passed."""
    if server_time(connection) >= horizon:
        passed = time.strftime("%H:%M:%S UTC", time.gmtime(horizon / 1000))
        raise Problem(
            "cannot compare the Redis servers",
            f"the comparison ignores keys that expire before {passed}, and this time has passed",
            "run `omnimind migrate` again when the host is less busy",
        )


@dataclass(frozen=True)
class Reading:
    """Reads keys and notes what each contributes. `fields`: hash fields may expire; `soon`: what expires soon counts.

    `note` takes a key, a fact, what to add to its count, and a digest (0 for none). `read` is the source of the values.
    """

    connection: Connection
    horizon: int
    note: Callable[[Key, str, int, int], None]
    fields: bool
    soon: bool
    read: Callable[[Connection, Sequence[Key]], Iterable[tuple[Key, Parts]]] = read_values

    def add(self, batch: Sequence[Key]) -> None:
        """Note every key of a batch that still exists."""
        for key, content in self._digest_values(batch):
            suffix = fact_suffix(key.name)
            if NEVER < key.expires < self.horizon:
                if self.soon and not is_own(key.name):
                    fact = fact_of(key.db, "keys", key.expires, self.horizon, suffix)
                    self.note(key, fact, 1, _key_number(key, content))
                continue
            self.note(key, f"db {key.db}: keys of type {key.type}{suffix}", 1, 0)
            if key.expires != NEVER:
                self.note(key, f"db {key.db}: keys with a time to live{suffix}", 1, 0)
            self.note(key, f"db {key.db}: content of type {key.type}{suffix}", 0, _key_number(key, content))

    def _digest_values(self, batch: Sequence[Key]) -> Iterable[tuple[Key, bytes]]:
        """Yield each key that still exists with the digest of its value."""
        for key, parts in self.read(self.connection, batch):
            has_fields = self.fields and key.type == "hash"
            if digest := self._digest_expiring_hash(key, parts) if has_fields else DIGESTS[key.type](parts):
                yield key, digest
        for key in batch:
            if key.type == "stream":
                yield key, digest_stream(self.connection, key)
            elif key.type == vector_sets.TYPE:
                if digest := vector_sets.digest_vector_set(self.connection, key):
                    yield key, digest
            elif key.type not in SIZES and (dump := self.connection.call("DUMP", key.name)):
                # A module's type: its own serialisation, without version and checksum. Equal keys may differ, but
                # different keys never agree.
                yield key, hash_of([as_bytes(dump)[:-10]])

    def _digest_expiring_hash(self, key: Key, parts: Parts) -> bytes:
        """Return the digest of a hash whose fields may expire; empty when no field outlives the horizon.

        Equal to the digest of a plain hash when no field expires. Fields that expire before the horizon are added by
        their expiry.
        """
        total, has_fields = 0, False
        for part in parts:
            for at, expires in zip(
                range(0, len(part), 2), field_expiries(self.connection, key, part[::2]), strict=True
            ):
                arguments = [part[at], part[at + 1]] + ([] if expires == NEVER else [b"%d" % expires])
                if expires == NEVER or expires >= self.horizon:
                    has_fields = True
                    total += number_of(arguments)
                elif self.soon and expires > NEVER:
                    self._add_field(key, expires, arguments)
        return sum_digest([total]) if has_fields else b""

    def _add_field(self, key: Key, expires: int, words: Sequence[bytes]) -> None:
        first = expires if key.expires == NEVER else min(expires, key.expires)
        fact = fact_of(key.db, "hash fields", first, self.horizon, fact_suffix(key.name))
        self.note(key, fact, 1, number_of([key.name, b"%d" % key.expires, *words]))


def _key_number(key: Key, content: bytes) -> int:
    return number_of([key.name, b"%d" % key.expires, content])
