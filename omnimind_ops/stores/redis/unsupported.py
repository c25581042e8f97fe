"""Find what cannot be copied key by key, before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_list, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import function_libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, scan_keys, used_databases
from omnimind_ops.stores.redis.values import field_expiries, read_values
from omnimind_ops.stores.redis.versions import at_least

MAX_NAMED = 10


def unsupported_keys(source: RedisEndpoint, target_version: str, target_kind: str = "redis") -> tuple[str, ...]:
    """Return descriptions of what the target cannot hold, at most 10: module types, expiring hash fields, functions,
    search indexes.

    Reads the type of every key, which takes seconds for a million keys.
    """
    fields = at_least(target_version, 9, 0) if target_kind == "valkey" else at_least(target_version, 7, 4)
    with connect(source) as connection:
        beside = unsupported_beside_keys(connection, functions=at_least(target_version, 7, 0))
        return (*beside, *islice(_unsupported_keys(connection, fields=fields), max(0, MAX_NAMED - len(beside))))[
            :MAX_NAMED
        ]


def refuse_unsupported(found: tuple[str, ...]) -> None:
    """Raise Problem that names what cannot be copied, if there is anything."""
    if found:
        raise Problem(
            "cannot copy every Redis key",
            f"the target cannot hold {found[0]}"
            + (f" (and at least {len(found) - 1} more, below)" if found[1:] else ""),
            "delete or export them on the source, or install a target server that has these types, then run the same command again",
            log=found,
        )


def unsupported_beside_keys(connection: Connection, *, functions: bool) -> tuple[str, ...]:
    """Return what cannot be copied apart from keys; `functions`: the target has function libraries."""
    found = (
        [] if functions else [f"the function library {_printable(name)}" for name, _ in function_libraries(connection)]
    )
    if "search" in read_facts(connection).modules:
        found += [f"the search index {_printable(as_bytes(name))}" for name in as_list(connection.try_call("FT._LIST"))]
    return tuple(found)


def _unsupported_keys(connection: Connection, *, fields: bool) -> Iterator[str]:
    timed = not fields and read_facts(connection).field_ttls is not False
    for db in used_databases(connection):
        for batch in scan_keys(connection, db):
            yield from (f"the key {key}, of type {key.type}" for key in batch if key.type not in SIZES)
            if timed:
                for key, parts in read_values(connection, [key for key in batch if key.type == "hash"]):
                    if any(when > NEVER for part in parts for when in field_expiries(connection, key, part[::2])):
                        yield f"the key {key}, a hash with expiring fields"


def _printable(name: bytes) -> str:
    return repr(name.decode(errors="backslashreplace"))
