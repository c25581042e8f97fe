"""The journal's SQLite file: its tables, opening it for writing, and reading it without creating files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from omnimind_ops.model.problem import Problem

VERSION = 1
RESERVE_BYTES = 1 << 20
BUSY_SECONDS = 15
SHARED = 0o640
_TABLES = """
CREATE TABLE run (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, digest TEXT NOT NULL,
  plan TEXT NOT NULL, setup TEXT NOT NULL, state TEXT NOT NULL, started TEXT NOT NULL, ended TEXT
);
CREATE TABLE step (
  run TEXT NOT NULL REFERENCES run(id), position INTEGER NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL,
  started TEXT, seconds REAL, problem TEXT, PRIMARY KEY (run, id)
) WITHOUT ROWID;
CREATE TABLE memo (
  run TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (run, step, key), FOREIGN KEY (run, step) REFERENCES step(run, id)
) WITHOUT ROWID;
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES run(id), at TEXT NOT NULL,
  kind TEXT NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX event_of_run ON event (run, number);
"""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the journal for writing; it is created on first use with mode 0600 (but see share()).

    A commit is on the disk when it returns (WAL, synchronous=FULL).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        share(path)
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            db.execute(f"PRAGMA {pragma}")
        _make_tables(db, path)
    except sqlite3.Error as error:
        db.close()
        raise unusable(path, error) from error
    except Problem:
        db.close()
        raise
    _make_reserve(path)
    return db


def share(path: Path) -> None:
    """Give the group of the journal's folder read access, if root assigned that group: the workers show it on the page.

    The group can write neither the file nor the folder: only root controls a rollback. SQLite creates -wal and -shm
    with the same group and mode. Only root with its capabilities can do this; for others nothing changes.
    """
    with suppress(OSError):
        folder, file = path.parent.stat(), path.stat()
        if (
            os.geteuid() == 0 == folder.st_uid
            and folder.st_gid
            and (file.st_gid, file.st_mode & 0o777) != (folder.st_gid, SHARED)
        ):
            os.chown(path, -1, folder.st_gid, follow_symlinks=False)
            path.chmod(SHARED)


@contextmanager
def open_to_read(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the journal for one read; yield None when there is none.

    Creates no file: neither the journal nor -wal or -shm. SQLite needs the -wal of a journal in use. Without one nobody
    writes and the file is complete; `immutable` then prevents SQLite from creating one
    (https://sqlite.org/wal.html#read_only_databases).
    """
    try:
        if not path.exists():
            yield None
            return
        quiet = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{quiet}", uri=True, timeout=BUSY_SECONDS)
        ) as db:
            version = _version(db)
            _refuse_newer(version, path)
            yield db if version else None
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error


def spend_reserve(path: Path) -> bool:
    """Free the reserve on a full disk, so that a rollback can still be recorded; return False if it is used up."""
    try:
        _reserve(path).unlink()
    except OSError:
        return False
    return True


def unusable(path: Path, error: Exception) -> Problem:
    """Return the Problem of a journal that cannot be opened, read or written."""
    is_writable = os.access(path if path.exists() else path.parent, os.W_OK)
    fix = (
        "check the disk (`df -h`, `dmesg`), then run the command again"
        if is_writable
        else "run the same command as root (sudo, or su -)"
    )
    if "malformed database schema" in str(error):  # its tables were made by a newer SQLite: 0.1 made STRICT ones
        fix = f"use a Python with a newer SQLite than {sqlite3.sqlite_version}, like the one that created the journal"
    return Problem("cannot use the journal", f"{path}: {error}", fix)


def _reserve(path: Path) -> Path:
    return path.with_name(f"{path.name}-reserve")


def _make_reserve(path: Path) -> None:
    """Reserve space beside the journal: a copy that fills its partition is a likely failure, and must be undone."""
    with suppress(OSError):
        file = os.open(_reserve(path), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(file, 0, RESERVE_BYTES)
        finally:
            os.close(file)


def _make_tables(db: sqlite3.Connection, path: Path) -> None:
    db.execute("BEGIN IMMEDIATE")  # two processes that start at once: the second waits here and then finds the tables
    try:
        version = _version(db)
        _refuse_newer(version, path)
        if not version:
            for statement in filter(str.strip, _TABLES.split(";")):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(version: int, path: Path) -> None:
    if version > VERSION:
        why = f"{path} has format {version}, this omnimind supports up to {VERSION}"
        raise Problem("cannot read the journal", why, "use the version of omnimind that wrote it, or a newer one")
