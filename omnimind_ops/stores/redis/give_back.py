"""Give a Redis back what its container lost with the stop: /data was a tmpfs, or nothing was ever saved."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.copy import KeyCopier, copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts, server_facts
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.keys import scan_keys, used_databases
from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.scratch import MANY_DATABASES, SERVER, fresh_folder, serve
from omnimind_ops.stores.redis.values import read_values

_KEYSPACE = re.compile(r"^db\d+:keys=(\d+),expires=(\d+)", re.MULTILINE)


def process_of(endpoint: RedisEndpoint) -> str:
    """Return what is different after each start of the server, "" if it does not say."""
    with connect(endpoint) as connection:
        info = as_bytes(connection.call("INFO", "server")).decode(errors="replace")
    return next((text[7:].strip() for text in info.splitlines() if text.startswith("run_id:")), "")


def lasting_keys(endpoint: RedisEndpoint) -> int:
    """Return the number of keys without a time to live."""
    with connect(endpoint) as connection:
        info = as_bytes(connection.call("INFO", "keyspace")).decode(errors="replace")
    return sum(int(keys) - int(expires) for keys, expires in _KEYSPACE.findall(info))


def lasting_taken(taken: Fingerprint) -> int:
    """Return the number of such keys in a fingerprint."""
    typed = sum(count for name, count in taken.counts.items() if ": keys of type " in name)
    return typed - sum(count for name, count in taken.counts.items() if name.endswith(": keys with a time to live"))


@dataclass(frozen=True)
class GiveBack:
    """Loads `dump` into an old server that came back empty, or with an older state of its own disk. `program` is the server that can read the dump."""

    dump: Path
    workdir: Path
    tell: Tell
    step: str
    program: str = SERVER

    def to(self, old: RedisEndpoint, *, again: bool = False) -> int:
        """Return the number of keys that were loaded and compared; a server that has keys is left as it is.

        `again`: loading was cut, so it has some of them. Raise Problem if the server does not have what the dump has.
        Keys that expired since are in neither.
        """
        folder = fresh_folder(self.workdir)
        shutil.copyfile(self.dump, folder / DUMP_NAME)
        with serve(self.program, folder, databases=MANY_DATABASES) as scratch:
            if not server_facts(scratch).total_keys:
                return 0
            self.tell(warning(f"the old Redis at {old} came back empty: its data is loaded from the dump", self.step))
            keys = copy_keys(scratch, old, self.tell, self.step, again=again)
            self._compare(scratch, old)
        self.tell(line(self.step, f"loaded {keys} keys into the old Redis, and compared them"))
        return keys

    def missing_to(self, old: RedisEndpoint) -> int:
        """Add the keys that the server does not have; return how many. A key that it has stays: it may be newer."""
        folder = fresh_folder(self.workdir)
        shutil.copyfile(self.dump, folder / DUMP_NAME)
        with (
            serve(self.program, folder, databases=MANY_DATABASES) as scratch,
            connect(scratch) as reader,
            connect(old) as writer,
        ):
            keys = _add_missing(reader, writer)
        if keys:
            text = f"the old Redis at {old} came back without {keys} keys: they are added from the dump"
            self.tell(warning(text, self.step))
        return keys

    def _compare(self, scratch: RedisEndpoint, old: RedisEndpoint) -> None:
        horizon = choose_horizon(scratch)
        expected = fingerprint(scratch, horizon, self.tell, self.step)
        if differences := compare(expected, fingerprint(old, horizon, self.tell, self.step)):
            first = differences[0]
            raise Problem(
                f"cannot give the old Redis at {old} its data back",
                f"{len(differences)} differences from the dump, first: {first.name}: {first.source} in the dump, "
                f"{first.target} in the server",
                f"stop programs that write to it. The dump is {self.dump}; OmniMind keeps it until the next migration",
            )


def _add_missing(reader: Connection, writer: Connection) -> int:
    copier, added = KeyCopier(reader, writer, fields=read_facts(reader).field_ttls is not False), 0
    for db in used_databases(reader):
        for batch in scan_keys(reader, db):
            copier.begin(db)
            there = writer.pipeline([("EXISTS", key.name) for key in batch])
            missing = [key for key, exists in zip(batch, there, strict=True) if not exists]
            for _, parts in copier.passing(read_values(reader, missing)):
                for _ in parts:
                    pass
            copier.end(missing)
            added += len(missing)
    return added
