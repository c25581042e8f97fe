"""Find what cannot be copied key by key, before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_list, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import function_libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, scan_keys, used_databases
from omnimind_ops.stores.redis.values import field_expiries, read_values
from omnimind_ops.stores.redis.versions import at_least

MAX_REPORTED = 10


def unsupported_keys(source: RedisEndpoint, target_version: str, target_kind: str = "redis") -> tuple[str, ...]:
    """Return descriptions of what the target cannot hold, at most 10: module types, expiring hash fields, functions,
    search indexes.

    Reads the type of every key, which takes seconds for a million keys.
    """
    fields = at_least(target_version, 9, 0) if target_kind == "valkey" else at_least(target_version, 7, 4)
    with connect(source) as connection:
        others = unsupported_besides_keys(connection, functions=at_least(target_version, 7, 0))
        return tuple(islice(chain(others, _unsupported_keys(connection, fields=fields)), MAX_REPORTED))


def refuse_unsupported(items: tuple[str, ...]) -> None:
    """Raise Problem that names what cannot be copied, if there is anything."""
    if items:
        raise Problem(
            "cannot copy every Redis key",
            f"the target does not support {items[0]}"
            + (f" (and at least {len(items) - 1} more, below)" if items[1:] else ""),
            "export and delete them on the source, or install a target server that supports them, then run the same "
            "command again",
            log=items,
        )


def unsupported_besides_keys(connection: Connection, *, functions: bool) -> tuple[str, ...]:
    """Return what cannot be copied apart from keys; `functions`: the target has function libraries."""
    items = []
    if not functions:
        items += [f"the function library {_printable(name)}" for name, _ in function_libraries(connection)]
    if "search" in read_facts(connection).modules:
        items += [f"the search index {_printable(as_bytes(name))}" for name in as_list(connection.try_call("FT._LIST"))]
    return tuple(items)


def _unsupported_keys(connection: Connection, *, fields: bool) -> Iterator[str]:
    check_fields = not fields and read_facts(connection).field_ttls is not False
    for db in used_databases(connection):
        for batch in scan_keys(connection, db):
            yield from (f"the key {key}, of type {key.type}" for key in batch if key.type not in SIZES)
            if check_fields:
                for key, parts in read_values(connection, [key for key in batch if key.type == "hash"]):
                    if any(when > NEVER for part in parts for when in field_expiries(connection, key, part[::2])):
                        yield f"the key {key}, a hash with expiring fields"


def _printable(name: bytes) -> str:
    return repr(name.decode(errors="backslashreplace"))
