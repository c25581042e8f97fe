"""Key-by-key copy between servers of any versions: values, absolute expiry, streams with groups, function libraries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, Key, databases, keys, server_time
from omnimind_ops.stores.redis.streams import entries, entry_commands, state_commands, stream_state
from omnimind_ops.stores.redis.unsupported import refuse, unsupported_beside_keys
from omnimind_ops.stores.redis.values import field_expiries, values
from omnimind_ops.stores.redis.wire import Command, Wire, connect

WORDS = 1000  # arguments per command
FLUSH_BYTES = 8 << 20
FLUSH_COMMANDS = 2000


def copy_logical(
    source: RedisEndpoint, target: RedisEndpoint, tell: Tell, step: str = "", *, scratch: bool = False
) -> int:
    """Copy every key and return the number of keys. The source is only read.

    Raise Problem when the target already holds keys. With `scratch` (a server that omnimind started, which holds at
    most the keys of an earlier attempt) the target is emptied first. Raise Problem for what the target cannot hold and
    name it; unsupported_keys checks this in advance.
    The copy is exact only while nobody writes to the source. Large values are copied in parts. Progress is reported in
    keys.
    """
    with connect(source) as one, connect(target) as two:
        refuse(unsupported_beside_keys(one, functions=two.knows("FUNCTION")))
        _empty(two, scratch=scratch)
        facts = read_facts(one)
        two.many([("FUNCTION", "LOAD", "REPLACE", code) for _, code in libraries(one)])
        copy = _Copy(one, two, fields=facts.field_ttls is not False)
        done = 0
        for db in databases(one):
            two.select(db)
            for batch in keys(one, db):
                copy.batch(batch)
                done += len(batch)
                tell(progress(step, "copying Redis keys", done, max(done, facts.total_keys), "keys"))
    return done


def _empty(target: Wire, *, scratch: bool) -> None:
    held = read_facts(target).total_keys
    if held and not scratch:
        raise Problem(
            f"cannot copy keys into Redis at {target.name}",
            f"it already holds {held} keys, and they are not ours to delete",
            "empty or move that server's data yourself, then run the same command again",
        )
    if scratch:
        target.call("FLUSHALL")
        if target.knows("FUNCTION"):
            target.call("FUNCTION", "FLUSH")


class _Copy:
    """Copies keys over two connections, within the abilities of both servers."""

    def __init__(self, source: Wire, target: Wire, *, fields: bool) -> None:
        self.source, self.target, self.fields = source, target, fields
        self.modern_streams = source.knows("PEXPIRETIME") and target.knows("PEXPIRETIME")  # 7.0 added both
        self.timed_fields = target.knows("HPEXPIREAT")
        self.waiting: list[Command] = []
        self.weight = 0

    def batch(self, batch: Sequence[Key]) -> None:
        """Copy keys of the current database; all of them are written when this returns."""
        refuse(tuple(f"the key {key}, of type {key.type}" for key in batch if key.type not in SIZES))
        for key, parts in values(self.source, batch):
            if key.type != "string":
                self.add("DEL", key.name)  # SCAN or a rerun may return a key twice
            for part in parts:
                for command in write_commands(key, part):
                    self.add(*command)
                if self.fields and key.type == "hash":
                    self.field_times(key, part[::2])
            self.expiry(key)
        for key in batch:
            if key.type == "stream":
                self.stream(key)
        self.flush()

    def stream(self, key: Key) -> None:
        empty = True
        self.add("DEL", key.name)
        for piece in entries(self.source, key.name):
            empty = False
            for command in entry_commands(key.name, piece):
                self.add(*command)
        state, now = stream_state(self.source, key.name), server_time(self.source)
        for command in state_commands(key.name, state, now, empty=empty, modern=self.modern_streams):
            self.add(*command)
        self.expiry(key)

    def expiry(self, key: Key) -> None:
        if key.expires != NEVER:
            self.add("PEXPIREAT", key.name, key.expires)

    def field_times(self, key: Key, names: Sequence[bytes]) -> None:
        for name, expires in zip(names, field_expiries(self.source, key, names), strict=True):
            if expires >= 0:
                if not self.timed_fields:
                    refuse((f"the key {key}, a hash with expiring fields",))
                self.add("HPEXPIREAT", key.name, expires, "FIELDS", 1, name)

    def add(self, *command: bytes | str | int) -> None:
        self.waiting.append(command)
        self.weight += sum(len(word) for word in command if isinstance(word, bytes))
        if self.weight > FLUSH_BYTES or len(self.waiting) >= FLUSH_COMMANDS:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.target.many(self.waiting)
        self.waiting, self.weight = [], 0


def write_commands(key: Key, part: Sequence[bytes]) -> Iterator[Command]:
    """Yield the commands that add one part of a value, each of limited length."""
    if key.type == "string":
        yield ("SET", key.name, part[0])
        return
    verb = {"list": "RPUSH", "set": "SADD", "hash": "HSET", "zset": "ZADD"}[key.type]
    for at in range(0, len(part), WORDS):
        words = part[at : at + WORDS]
        yield (verb, key.name, *(_score_first(words) if key.type == "zset" else words))


def _score_first(words: Sequence[bytes]) -> Iterator[bytes]:
    for at in range(0, len(words), 2):
        yield words[at + 1]
        yield words[at]
