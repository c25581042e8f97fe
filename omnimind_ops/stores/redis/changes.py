"""Which keys of a living server change: we listen as a replica does, but need only the names in its commands.

What a master sends to its replicas is everything that changes its data: writes of every client and of scripts, expiry,
eviction, acknowledgements of stream entries. Its offset says when everything has arrived. Invalidation messages of
CLIENT TRACKING lack the database, SWAPDB and the groups of streams; keyspace events need a setting of the server.

The dump that comes first is thrown away. Since 7.0 a replica can ask for one without keys (about 200 bytes).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_bytes_list, as_int, as_list, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.link import Reply
from omnimind_ops.stores.redis.replication import ReplicaLink

ACKNOWLEDGE_SECONDS = 0.2
"""A master starts to send commands after the first acknowledgement that it gets once the dump is through."""
WHOLE = frozenset({b"flushall", b"flushdb", b"swapdb"})
"""Commands after which everything is to be read again."""
BY_NAME = frozenset({b"select", b"move", b"copy", b"multi", b"exec", b"ping", b"replconf", b"publish", b"spublish"})
SYNC_SECONDS = 120.0

Name = tuple[int, bytes]
"""(database, key)"""


class CannotFollowError(Problem):
    """The source does not tell its changes, or has stopped to do so."""


class Changes:
    """The names of changed keys, from the moment that `open_changes` returns."""

    def __init__(self, link: ReplicaLink, offset: int, specs: dict[bytes, tuple[int, int, int]], rest: bytes) -> None:
        from hiredis import Reader

        self.offset = offset
        self.flushed = False  # everything is to be read again
        self._link, self._specs = link, specs
        self._lock = threading.Lock()
        self._names: set[Name] = set()
        self._unknown: deque[tuple[int, list[bytes]]] = deque()
        self._error: Exception | None = None
        self._db = 0
        self._over = threading.Event()
        self._reader = Reader(notEnoughData=None)
        self._reader.feed(rest)
        self._thread = threading.Thread(target=self._listen, name="redis-changes", daemon=True)

    @property
    def count(self) -> int:
        """Return the number of names so far."""
        return len(self._names) + len(self._unknown)

    def start(self) -> None:
        """Start to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to listen."""
        self._over.set()
        self._thread.join(5)

    def take(self, connection: Connection) -> set[Name]:
        """Return the names of keys that have changed since the last call. Raise Problem when some may be missing."""
        self.check()
        with self._lock:
            names, self._names = self._names, set()
            unknown, self._unknown = self._unknown, deque()
        for db, command in unknown:
            names.update((db, name) for name in _ask_for_keys(connection, command))
        return names

    def check(self) -> None:
        """Raise CannotFollowError when the server has ended the connection: changes may
        have been missed."""
        if self._error:
            raise CannotFollowError(
                "cannot follow the changes of Redis",
                f"it has ended the connection of its replica: {self._error}",
                "read its log, then run the same command again",
            ) from self._error

    def wait(self, connection: Connection, seconds: float = SYNC_SECONDS) -> None:
        """Wait until everything that the server has done so far has arrived."""
        target, end = master_offset(connection), time.monotonic() + seconds
        while self.offset < target:
            self.check()
            if time.monotonic() > end:
                why = f"byte {self.offset} of its command stream has arrived, {target} have been sent"
                raise CannotFollowError("cannot follow the changes of Redis", why, "run the same command again")
            time.sleep(0.002)

    def _listen(self) -> None:
        acknowledged = 0.0
        self._link.sock.settimeout(ACKNOWLEDGE_SECONDS)
        try:
            while not self._over.is_set():
                if time.monotonic() - acknowledged >= ACKNOWLEDGE_SECONDS:
                    self._link.send("REPLCONF", "ACK", self.offset)
                    acknowledged = time.monotonic()
                self._parse()
                try:
                    data = self._link.sock.recv(1 << 18)
                except TimeoutError:
                    continue
                if not data:
                    raise ConnectionError("the server closed it")
                self._reader.feed(data)
        except Exception as error:
            self._error = error

    def _parse(self) -> None:
        commands: list[list[bytes]] = []
        while (command := self._reader.gets()) is not None:
            commands.append(command)
        with self._lock:
            for command in commands:
                self._add(command)
                self.offset += _length(command)

    def _add(self, command: list[bytes]) -> None:
        name = command[0].lower()
        spec = self._specs.get(name)
        if name in BY_NAME:
            self._add_by_name(name, command)
        elif name in WHOLE:
            self.flushed = True
        elif spec is None:
            self._unknown.append((self._db, command))
        else:
            first, last, step = spec
            end = last + 1 if last >= 0 else len(command) + last + 1
            self._names.update((self._db, key) for key in command[first:end:step])

    def _add_by_name(self, name: bytes, command: Sequence[bytes]) -> None:
        if name == b"select":
            self._db = int(command[1])
        elif name == b"move":
            self._names.update(((self._db, command[1]), (int(command[2]), command[1])))
        elif name == b"copy":
            options = [word.lower() for word in command[3:]]
            db = int(command[3 + options.index(b"db") + 1]) if b"db" in options else self._db
            self._names.add((db, command[2]))


@contextmanager
def open_changes(endpoint: RedisEndpoint, timeout: float = SYNC_SECONDS) -> Iterator[Changes]:
    """Listen to a server's changes for the block. Raise CannotFollowError when it does not let us."""
    try:
        link = ReplicaLink(endpoint, timeout)
        try:
            offset = _synchronize(link)
            with connect(endpoint) as connection:
                changes = Changes(link, offset, _key_specs(connection), link.rest())
            changes.start()
            try:
                yield changes
            finally:
                changes.stop()
        finally:
            link.close()
    except OSError as error:
        raise CannotFollowError(
            f"cannot follow the changes of Redis at {endpoint}",
            str(error),
            "allow its user PSYNC and REPLCONF; without them, the data is copied while writers wait",
        ) from error


def sends_no_keys(connection: Connection) -> bool:
    """Return whether a replica can ask for a dump without keys: then following costs the server almost nothing."""
    reply = connection.try_call("REPLCONF", "rdb-filter-only", "functions", forbidden=True)
    return reply is not None


def master_offset(connection: Connection) -> int:
    """Return how many bytes of commands the server has sent to its replicas."""
    lines = as_bytes(connection.call("INFO", "replication")).decode(errors="replace").splitlines()
    return next((int(line.split(":")[1]) for line in lines if line.startswith("master_repl_offset:")), 0)


def _synchronize(link: ReplicaLink) -> int:
    link.announce(("capa", "eof", "capa", "psync2"), ("rdb-filter-only", ""))
    link.send("PSYNC", "?", "-1")
    reply = link.line().split()
    if reply[0] != b"+FULLRESYNC":
        raise OSError(b" ".join(reply).lstrip(b"-").decode(errors="replace"))
    for _ in link.dump(link.line())[1]:
        pass
    return int(reply[2])


def _key_specs(connection: Connection) -> dict[bytes, tuple[int, int, int]]:
    """Return (first, last, step) of the keys of each command whose keys are always at the same place."""
    specs = {}
    for entry in as_list(connection.call("COMMAND")):
        name, _, flags, first, last, step = as_list(entry)[:6]
        if as_int(first) > 0 and b"movablekeys" not in [_text(flag) for flag in as_list(flags)]:
            specs[as_bytes(name).lower()] = (as_int(first), as_int(last), as_int(step))
    return specs


def _text(reply: Reply) -> bytes:
    return reply if isinstance(reply, bytes) else b""


def _length(command: Sequence[bytes]) -> int:
    """Return how many bytes a command takes in the stream."""
    return 3 + len(str(len(command))) + sum([5 + len(str(len(word))) + len(word) for word in command])


def _ask_for_keys(connection: Connection, command: Sequence[bytes]) -> list[bytes]:
    """Return the keys of a command as the server knows them; none for a command without keys."""
    reply = connection.try_call("COMMAND", "GETKEYS", *command, refused=True)
    return as_bytes_list(reply) if reply else []
