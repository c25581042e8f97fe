"""The fingerprint of a server that goes on living: what each key contributes is kept, so a key that has changed can be
counted again. It is kept in a file, because the number of keys has no limit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from omnimind_ops.stores.redis.fingerprint import Tally
from omnimind_ops.stores.redis.keys import Key, name_mark

NUMBER_BYTES = 16
FACT_BYTES = 4
CACHE_KIB = 32 << 10

Shares = list[tuple[str, int, int]]
"""What one key contributes: (fact, count, digest)."""


class Evidence:
    """A tally from which single keys can be taken away again."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.tally = Tally()
        self._db = db
        self._numbers: dict[str, int] = {}
        self._facts: list[str] = []
        db.execute("CREATE TABLE share (mark INTEGER PRIMARY KEY, content BLOB NOT NULL)")

    def replace(self, db: int, shares: Mapping[bytes, Shares]) -> None:
        """Note what these keys of a database contribute now, in place of what they did before; [] for a key that is
        gone.
        """
        marks = {_mark(db, name): content for name, content in shares.items()}
        for content in self._stored(list(marks)):
            for share in self._decode(content):
                self.tally.add(*share, -1)
        for noted in marks.values():
            for share in noted:
                self.tally.add(*share)
        self._db.executemany(
            "INSERT OR REPLACE INTO share VALUES (?, ?)", [(mark, self._encode(noted)) for mark, noted in marks.items()]
        )

    def clear(self) -> None:
        """Forget everything."""
        self._db.execute("DELETE FROM share")
        self.tally = Tally()

    def _stored(self, marks: Sequence[int]) -> list[bytes]:
        query = "SELECT content FROM share WHERE mark IN (SELECT value FROM json_each(?))"
        return [content for (content,) in self._db.execute(query, (json.dumps(marks),))]

    def _encode(self, shares: Shares) -> bytes:
        return b"".join(
            [
                (self._number(fact) * 4 + count * 2 + bool(digest)).to_bytes(FACT_BYTES, "big")
                + (digest.to_bytes(NUMBER_BYTES, "big") if digest else b"")
                for fact, count, digest in shares
            ]
        )

    def _decode(self, content: bytes) -> Iterator[tuple[str, int, int]]:
        at = 0
        while at < len(content):
            head = int.from_bytes(content[at : at + FACT_BYTES], "big")
            at += FACT_BYTES
            end = at + NUMBER_BYTES * (head & 1)
            yield self._facts[head >> 2], head >> 1 & 1, int.from_bytes(content[at:end], "big")
            at = end

    def _number(self, fact: str) -> int:
        if fact not in self._numbers:
            self._numbers[fact] = len(self._facts)
            self._facts.append(fact)
        return self._numbers[fact]


class Shared:
    """Collects the contributions of a batch of keys (Reading.note)."""

    def __init__(self, names: Sequence[bytes]) -> None:
        self.shares: dict[bytes, Shares] = {name: [] for name in names}

    def note(self, key: Key, fact: str, count: int, digest: int) -> None:
        """Take one contribution."""
        self.shares[key.name].append((fact, count, digest))


@contextmanager
def open_evidence(folder: Path) -> Iterator[Evidence]:
    """Keep evidence in a file of the folder for the block. It is worthless after a crash, so nothing is synced."""
    path = folder / "evidence.sqlite"
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}", "locking_mode=EXCLUSIVE"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN")
        yield Evidence(db)
    finally:
        db.close()
        path.unlink(missing_ok=True)


def _mark(db: int, name: bytes) -> int:
    return name_mark(b"%d:%b" % (db, name)) - (1 << 63)
