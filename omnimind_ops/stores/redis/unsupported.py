"""Find what cannot be copied key by key, before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, databases, keys
from omnimind_ops.stores.redis.values import field_expiries, values
from omnimind_ops.stores.redis.versions import at_least
from omnimind_ops.stores.redis.wire import Wire, blob, connect, listed

NAMED = 10


def unsupported_keys(source: RedisEndpoint, target_version: str, target_kind: str = "redis") -> tuple[str, ...]:
    """Return descriptions of what the target cannot hold, at most 10: module types, expiring hash fields, functions,
    search indexes.

    Reads the type of every key, which takes seconds for a million keys.
    """
    fields = at_least(target_version, 9, 0) if target_kind == "valkey" else at_least(target_version, 7, 4)
    with connect(source) as wire:
        beside = unsupported_beside_keys(wire, functions=at_least(target_version, 7, 0))
        return (*beside, *islice(_keys(wire, fields=fields), max(0, NAMED - len(beside))))[:NAMED]


def refuse(found: tuple[str, ...]) -> None:
    """Raise Problem that names what cannot be copied, if there is anything."""
    if found:
        raise Problem(
            "cannot copy every Redis key",
            f"the target cannot hold {found[0]}"
            + (f" (and at least {len(found) - 1} more, below)" if found[1:] else ""),
            "delete or export them on the source, or install a target server that has these types, then run the same command again",
            log=found,
        )


def unsupported_beside_keys(wire: Wire, *, functions: bool) -> tuple[str, ...]:
    """Return what cannot be copied apart from keys; `functions`: the target has function libraries."""
    found = [] if functions else [f"the function library {_shown(name)}" for name, _ in libraries(wire)]
    if "search" in read_facts(wire).modules:
        found += [f"the search index {_shown(blob(name))}" for name in listed(wire.probe("FT._LIST"))]
    return tuple(found)


def _keys(wire: Wire, *, fields: bool) -> Iterator[str]:
    timed = not fields and read_facts(wire).field_ttls is not False
    for db in databases(wire):
        for batch in keys(wire, db):
            yield from (f"the key {key}, of type {key.type}" for key in batch if key.type not in SIZES)
            if timed:
                for key, parts in values(wire, [key for key in batch if key.type == "hash"]):
                    if any(when > NEVER for part in parts for when in field_expiries(wire, key, part[::2])):
                        yield f"the key {key}, a hash with expiring fields"


def _shown(name: bytes) -> str:
    return repr(name.decode(errors="backslashreplace"))
