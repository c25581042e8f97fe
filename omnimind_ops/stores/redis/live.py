"""Copy a server that goes on living: everything while it serves, then, with writes held, only what has changed since.

The evidence (a fingerprint of the source) is made from the bytes that are copied, so every value is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, line, progress
from omnimind_ops.stores.redis.changes import Changes, open_changes
from omnimind_ops.stores.redis.connection import Connection, connect
from omnimind_ops.stores.redis.copy import KeyCopier, copy_functions, prepare_target
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.evidence import Evidence, Shared, open_evidence
from omnimind_ops.stores.redis.expiring import GRACE
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.fingerprint import Reading, Tally, add_functions
from omnimind_ops.stores.redis.keys import BATCH, Key, KeyReader, scan_keys, server_time, used_databases
from omnimind_ops.stores.redis.unsupported import refuse_unsupported, unsupported_besides_keys
from omnimind_ops.stores.redis.values import Parts, read_values

FEW = 1000
"""Changed keys that are left for the time in which writes are held."""
MANY = 20_000
"""Changed keys at which the first pass stops to copy them."""
ROUNDS = 10
LATE = 0.6
"""Share of the horizon's time after which the evidence is too old for a comparison."""


@dataclass
class LiveCopy:
    """A copy in progress. `copier` is None when the target takes the data itself, as a replica; `changes` is None when
    nobody writes to the source any more.
    """

    reader: Connection
    changes: Changes | None
    evidence: Evidence
    copier: KeyCopier | None
    fields: bool
    horizon: int = 0  # of the evidence, in unix milliseconds

    def copy_everything(self, tell: Tell, step: str = "") -> int:
        """Copy all keys while the source serves, then what has changed meanwhile, until little is left. Return the
        number of keys.
        """
        self._start_over()
        total, done = read_facts(self.reader).total_keys, 0
        for db in used_databases(self.reader):
            for batch in scan_keys(self.reader, db, duplicates=True):
                self._copy_keys(db, batch, ())
                done += len(batch)
                tell(progress(step, "copy Redis keys", done, max(done, total), "keys"))
                if self.changes and self.changes.count > MANY:
                    self._copy_changes(self.changes)
        for _ in range(ROUNDS):
            if not self.changes or self.changes.count <= FEW:
                break
            self._copy_changes(self.changes)
        return done

    def finish(self, tell: Tell, step: str = "") -> Fingerprint:
        """Copy what has changed and return the evidence. Nobody may write to the source any more."""
        if self.changes:
            self.changes.wait(self.reader)
            if self.changes.flushed or self.is_late():
                text = "a database was emptied or swapped, or the copy is too old: all keys are copied again"
                tell(line(step, text))
                self.copy_everything(tell, step)
                self.changes.wait(self.reader)
            count = self._copy_changes(self.changes)
            tell(line(step, f"copied {count} keys that have changed since the copy of all keys"))
        if self.copier:
            copy_functions(self.reader, self.copier.target)
        tally = Tally(self.evidence.tally.counts.copy(), self.evidence.tally.sums.copy())
        add_functions(self.reader, tally)
        return tally.fingerprint()

    def check(self) -> None:
        """Raise CannotFollowError when changes may have been missed."""
        if self.changes:
            self.changes.check()

    def is_late(self) -> bool:
        """Return whether little time is left to compare what expires soon."""
        return server_time(self.reader) > self.horizon - GRACE * 1000 * (1 - LATE)

    def _start_over(self) -> None:
        self.horizon = server_time(self.reader) + round(GRACE * 1000)
        if self.changes:
            self.changes.take(self.reader)
            self.changes.flushed = False
        self.evidence.clear()
        if self.copier:
            prepare_target(self.copier.target, scratch=True)

    def _copy_changes(self, changes: Changes) -> int:
        names = sorted(changes.take(self.reader))
        by_db: dict[int, list[bytes]] = {}
        for db, name in names:
            by_db.setdefault(db, []).append(name)
        keys = KeyReader(self.reader)
        for db, changed in by_db.items():
            for at in range(0, len(changed), BATCH):
                part = changed[at : at + BATCH]
                self.reader.select(db)
                batch = keys.read(db, part)
                gone = set(part) - {key.name for key in batch}
                self._copy_keys(db, batch, gone)
        return len(names)

    def _copy_keys(self, db: int, batch: Sequence[Key], gone: Iterable[bytes]) -> None:
        """Copy keys of the reader's database and take their evidence from the same bytes."""
        shared = Shared([*(key.name for key in batch), *gone])
        reading = Reading(self.reader, self.horizon, shared.note, self.fields, True, self._read)
        if self.copier:
            self.copier.begin(db, gone)
        reading.add(batch)
        if self.copier:
            self.copier.end(batch)
        self.evidence.replace(db, shared.shares)

    def _read(self, connection: Connection, batch: Sequence[Key]) -> Iterator[tuple[Key, Parts]]:
        if self.copier:
            return self.copier.passing(read_values(connection, batch))
        return read_values(connection, batch)


@contextmanager
def open_live_copy(
    source: RedisEndpoint, target: RedisEndpoint | None, folder: Path, *, follow: bool = True
) -> Iterator[LiveCopy]:
    """Follow a source for the block, to copy it into the empty server `target`.

    `folder` is for the evidence. Raise Problem for what the target cannot hold, and CannotFollowError when the source
    refuses replicas. Without `follow`, nobody may write to the source.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(connect(source))
        fields = read_facts(reader).field_ttls is not False
        copier = None
        if target:
            writer = stack.enter_context(connect(target))
            refuse_unsupported(unsupported_besides_keys(reader, functions=writer.supports("FUNCTION")))
            copier = KeyCopier(reader, writer, fields=fields)
        evidence = stack.enter_context(open_evidence(folder))
        changes = stack.enter_context(open_changes(source)) if follow else None
        yield LiveCopy(reader, changes, evidence, copier, fields)
