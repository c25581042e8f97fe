"""Streams: entries in order, and the pending entries of groups and consumers; read from one server, written to
another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omnimind_ops.stores.redis.connection import (
    Argument,
    Command,
    Connection,
    Reply,
    as_bytes,
    as_bytes_list,
    as_dict,
    as_int,
    as_list,
)

PIECE = 1000

Entry = tuple[bytes, list[bytes]]
"""(id, [field, value, ...])"""


@dataclass(frozen=True)
class Pending:
    """An entry that is delivered and not acknowledged. `idle` is in milliseconds."""

    id: bytes
    consumer: bytes
    idle: int
    deliveries: int


@dataclass(frozen=True)
class Group:
    """A consumer group. `entries_read` is None when the server does not report it (before 7.0, or unknown)."""

    name: bytes
    last_delivered: bytes
    entries_read: int | None
    consumers: tuple[bytes, ...]
    pending: tuple[Pending, ...]


@dataclass(frozen=True)
class StreamState:
    """The state of a stream without its entries. `entries_added` and `max_deleted` are None before 7.0."""

    last_id: bytes
    groups: tuple[Group, ...]
    entries_added: int | None
    max_deleted: bytes | None


def read_entries(connection: Connection, key: bytes) -> Iterator[list[Entry]]:
    """Yield a stream's entries in order, in batches."""
    start = b"-"
    while True:
        piece = [
            (as_bytes(as_list(e)[0]), as_bytes_list(as_list(e)[1]))
            for e in as_list(connection.call("XRANGE", key, start, "+", "COUNT", PIECE))
        ]
        if piece:
            yield piece
        if len(piece) < PIECE:
            return
        start = _next_id(piece[-1][0])


def read_state(connection: Connection, key: bytes) -> StreamState:
    """Return a stream's ids, groups, consumers and pending entries.

    Pending entries whose entry is deleted are left out: no command can create them again, and servers drop them on
    access.
    """
    info = as_dict(connection.call("XINFO", "STREAM", key))
    added, deleted = info.get("entries-added"), info.get("max-deleted-entry-id")
    return StreamState(
        last_id=as_bytes(info["last-generated-id"]),
        groups=tuple(
            sorted(
                (_read_group(connection, key, reply) for reply in as_list(connection.call("XINFO", "GROUPS", key))),
                key=lambda g: g.name,
            )
        ),
        entries_added=added if isinstance(added, int) else None,
        max_deleted=deleted if isinstance(deleted, bytes) else None,
    )


def entry_commands(key: bytes, piece: Sequence[Entry]) -> list[Command]:
    """Return the commands that add entries."""
    return [("XADD", key, id_, *fields) for id_, fields in piece]


def state_commands(key: bytes, state: StreamState, now: int, *, empty: bool, modern: bool) -> list[Command]:
    """Return the commands that bring a stream to a state after its entries are added.

    `now` is the source's clock in unix milliseconds. `empty`: the stream has no entries, so it must be created.
    `modern`: source and target support entries-added (7.0 and newer).
    """
    commands: list[Command] = []
    if empty:
        commands += [("XGROUP", "CREATE", key, "omnimind", "0", "MKSTREAM"), ("XGROUP", "DESTROY", key, "omnimind")]
    if state.last_id != b"0-0":
        counts: tuple[Argument, ...] = ()
        if modern and state.entries_added is not None and state.max_deleted is not None:
            counts = ("ENTRIESADDED", state.entries_added, "MAXDELETEDID", state.max_deleted)
        commands.append(("XSETID", key, state.last_id, *counts))
    for group in state.groups:
        commands += _group_commands(key, group, now, modern=modern)
    return commands


def _group_commands(key: bytes, group: Group, now: int, *, modern: bool) -> list[Command]:
    read: tuple[Argument, ...] = (
        ("ENTRIESREAD", group.entries_read) if modern and group.entries_read is not None else ()
    )
    commands: list[Command] = [("XGROUP", "CREATE", key, group.name, group.last_delivered, *read)]
    # Reading its own history creates a consumer on every version; XGROUP CREATECONSUMER exists only in 6.2 and newer.
    commands += [
        ("XREADGROUP", "GROUP", group.name, consumer, "COUNT", 1, "STREAMS", key, "0") for consumer in group.consumers
    ]
    return commands + [
        (
            "XCLAIM",
            key,
            group.name,
            p.consumer,
            0,
            p.id,
            "TIME",
            now - p.idle,
            "RETRYCOUNT",
            p.deliveries,
            "FORCE",
            "JUSTID",
        )
        for p in group.pending
    ]


def _read_group(connection: Connection, key: bytes, reply: Reply) -> Group:
    info = as_dict(reply)
    name, read = as_bytes(info["name"]), info.get("entries-read")
    consumers = [as_bytes(as_dict(c)["name"]) for c in as_list(connection.call("XINFO", "CONSUMERS", key, name))]
    return Group(
        name=name,
        last_delivered=as_bytes(info["last-delivered-id"]),
        entries_read=read if isinstance(read, int) else None,
        consumers=tuple(sorted(consumers)),
        pending=tuple(_read_pending(connection, key, name)),
    )


def _read_pending(connection: Connection, key: bytes, group: bytes) -> Iterator[Pending]:
    start = b"-"
    while True:
        piece = [as_list(p) for p in as_list(connection.call("XPENDING", key, group, start, "+", PIECE))]
        entries = (
            connection.pipeline([("XRANGE", key, as_bytes(p[0]), as_bytes(p[0]), "COUNT", 1) for p in piece])
            if piece
            else []
        )
        for (id_, consumer, idle, deliveries), entry in zip(piece, entries, strict=True):
            if entry:
                yield Pending(as_bytes(id_), as_bytes(consumer), as_int(idle), as_int(deliveries))
        if len(piece) < PIECE:
            return
        start = _next_id(as_bytes(piece[-1][0]))


def _next_id(id_: bytes) -> bytes:
    milliseconds, sequence = id_.split(b"-")
    return (
        b"%d-%d" % (int(milliseconds), int(sequence) + 1)
        if int(sequence) < 2**64 - 1
        else b"%d-0" % (int(milliseconds) + 1)
    )
