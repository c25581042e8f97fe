"""Key-by-key copy between servers of any versions: values, absolute expiry, streams with groups, function libraries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Command, Connection, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import function_libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, Key, scan_keys, server_time, used_databases
from omnimind_ops.stores.redis.streams import entry_commands, read_entries, read_state, state_commands
from omnimind_ops.stores.redis.unsupported import refuse_unsupported, unsupported_besides_keys
from omnimind_ops.stores.redis.values import Parts, field_expiries, read_values
from omnimind_ops.stores.redis.versions import at_least

ARGUMENTS = 1000  # arguments per command
FLUSH_BYTES = 4 << 20
FLUSH_COMMANDS = 2000


def copy_keys(
    source: RedisEndpoint,
    target: RedisEndpoint,
    tell: Tell,
    step: str = "",
    *,
    scratch: bool = False,
    again: bool = False,
) -> int:
    """Copy every key and return the number of keys. The source is only read.

    Raise Problem when the target already holds keys. With `scratch` (a server that omnimind started, which holds at
    most the keys of an earlier attempt) the target is emptied first. With `again` keys that are there are replaced: the
    copy was cut. Raise Problem for what the target cannot hold and
    name it; unsupported_keys checks this in advance.
    The copy is exact only while nobody writes to the source; live.py copies a source in use. Large values are copied in
    parts. Progress is reported in keys.
    """
    with connect(source) as reader, connect(target) as writer:
        refuse_unsupported(unsupported_besides_keys(reader, functions=writer.supports("FUNCTION")))
        if not again:
            prepare_target(writer, scratch=scratch)
        facts = read_facts(reader)
        copy_functions(reader, writer)
        copier = KeyCopier(reader, writer, fields=facts.field_ttls is not False)
        done = 0
        for db in used_databases(reader):
            for batch in scan_keys(reader, db, duplicates=True):
                copier.begin(db)
                for _, parts in copier.passing(read_values(reader, batch)):
                    for _ in parts:
                        pass
                copier.end(batch)
                done += len(batch)
                tell(progress(step, "copy Redis keys", done, max(done, facts.total_keys), "keys"))
    return done


def copy_functions(source: Connection, target: Connection) -> None:
    """Make the function libraries of the target those of the source."""
    if target.supports("FUNCTION"):
        target.call("FUNCTION", "FLUSH")
        target.pipeline([("FUNCTION", "LOAD", code) for _, code in function_libraries(source)])


def prepare_target(target: Connection, *, scratch: bool) -> None:
    """Raise Problem when the target holds keys, or empty it if it is ours."""
    key_count = read_facts(target).total_keys
    if key_count and not scratch:
        raise Problem(
            f"cannot copy keys into Redis at {target.name}",
            f"it already contains {key_count} keys, which omnimind does not delete",
            "delete or move this data yourself, then run the same command again",
        )
    if scratch:
        target.call("FLUSHALL")


class KeyCopier:
    """Copies keys over two connections, within the abilities of both servers.

    For each batch of keys: begin, use up what `passing` returns, end.
    """

    def __init__(self, source: Connection, target: Connection, *, fields: bool) -> None:
        self.source, self.target, self.fields = source, target, fields
        self.modern_streams = source.supports("PEXPIRETIME") and target.supports("PEXPIRETIME")  # 7.0 added both
        self.set_with_expiry = at_least(read_facts(target).version, 6, 2)
        self.field_expiry_supported = target.supports("HPEXPIREAT")
        self.queued: list[Command] = []
        self.queued_bytes = 0
        self.plain: list[bytes] = []  # names and values of strings without a time to live

    def begin(self, db: int, gone: Iterable[bytes] = ()) -> None:
        """Start with a database's keys; delete the ones that are gone."""
        self.target.select(db)
        for name in gone:
            self.add("DEL", name)

    def passing(self, values: Iterable[tuple[Key, Parts]]) -> Iterator[tuple[Key, Parts]]:
        """Yield the same values; each part is written as it passes."""
        for key, parts in values:
            yield key, self._written(key, parts)

    def end(self, batch: Sequence[Key]) -> None:
        """Copy what has no parts; everything is written when this returns."""
        refuse_unsupported(tuple(f"the key {key}, of type {key.type}" for key in batch if key.type not in SIZES))
        for key in batch:
            if key.type == "stream":
                self._copy_stream(key)
        self.flush()

    def _written(self, key: Key, parts: Parts) -> Parts:
        if key.type == "string":
            yield from self._written_string(key, parts)
            return
        self.add("DEL", key.name)  # SCAN or a rerun may return a key twice
        for part in parts:
            for command in write_commands(key, part):
                self.add(*command)
            if self.fields and key.type == "hash":
                self._copy_field_expiries(key, part[::2])
            yield part
        self._copy_expiry(key)

    def _written_string(self, key: Key, parts: Parts) -> Parts:
        is_first = True
        for part in parts:
            if not is_first:
                self.add("APPEND", key.name, part[0])
            elif key.expires == NEVER:
                self.plain += (key.name, part[0])
                self._count(len(key.name) + len(part[0]))
            elif self.set_with_expiry:
                self.add("SET", key.name, part[0], "PXAT", key.expires)
            else:
                self.add("SET", key.name, part[0])
                self._copy_expiry(key)
            if is_first and len(part[0]) >= FLUSH_BYTES // 4:
                self.flush()
            is_first = False
            yield part

    def _copy_stream(self, key: Key) -> None:
        empty = True
        self.add("DEL", key.name)
        for piece in read_entries(self.source, key.name):
            empty = False
            for command in entry_commands(key.name, piece):
                self.add(*command)
        state, now = read_state(self.source, key.name), server_time(self.source)
        for command in state_commands(key.name, state, now, empty=empty, modern=self.modern_streams):
            self.add(*command)
        self._copy_expiry(key)

    def _copy_expiry(self, key: Key) -> None:
        if key.expires != NEVER:
            self.add("PEXPIREAT", key.name, key.expires)

    def _copy_field_expiries(self, key: Key, names: Sequence[bytes]) -> None:
        for name, expires in zip(names, field_expiries(self.source, key, names), strict=True):
            if expires >= 0:
                if not self.field_expiry_supported:
                    refuse_unsupported((f"the key {key}, a hash with expiring fields",))
                self.add("HPEXPIREAT", key.name, expires, "FIELDS", 1, name)

    def add(self, *command: bytes | str | int) -> None:
        """Queue a command for the target."""
        self.queued.append(command)
        self._count(sum([len(argument) for argument in command if isinstance(argument, bytes)]))

    def _count(self, size: int) -> None:
        self.queued_bytes += size
        if self.queued_bytes > FLUSH_BYTES or len(self.queued) >= FLUSH_COMMANDS:
            self.flush()

    def flush(self) -> None:
        """Write what is queued."""
        plain = self.plain
        commands: list[Command] = [("MSET", *plain[at : at + ARGUMENTS]) for at in range(0, len(plain), ARGUMENTS)]
        commands += self.queued
        self.plain, self.queued, self.queued_bytes = [], [], 0
        if commands:
            self.target.pipeline(commands)


def write_commands(key: Key, part: Sequence[bytes]) -> Iterator[Command]:
    """Yield the commands that add one part of a value other than a string, each of limited length."""
    name = {"list": "RPUSH", "set": "SADD", "hash": "HSET", "zset": "ZADD"}[key.type]
    for at in range(0, len(part), ARGUMENTS):
        items = part[at : at + ARGUMENTS]
        yield (name, key.name, *(_score_first(items) if key.type == "zset" else items))


def _score_first(items: Sequence[bytes]) -> Iterator[bytes]:
    for at in range(0, len(items), 2):
        yield items[at + 1]
        yield items[at]
