"""Uploaded files on disk.

A file is written in `.incoming` and gets its final name once its row exists. It moves back there before its row is
deleted. An interruption therefore leaves files only in `.incoming`, and the row tells whether a file is kept.

The writer of a file holds a lock on it (flock), which ends with the process. Other files in the folder are never
touched.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from backend.http.errors import ApiProblem

BUFFER_BYTES = 1024 * 1024
"""Bytes buffered in memory before a write."""
LOCK_GRACE_SECONDS = 5.0
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def path(folder: Path, id_: UUID) -> Path:
    """Return the path of a finished upload."""
    return folder / f"upload-{id_}"


def incoming(folder: Path, id_: UUID) -> Path:
    """Return the path of an upload while it is written or deleted."""
    return folder / ".incoming" / str(id_)


class Writer:
    """A file being uploaded: `write`, `finish`, then `publish`, `release` to the sweeper, or `discard`."""

    def __init__(self, folder: Path, id_: UUID, max_bytes: int) -> None:
        self.folder, self.id, self.max_bytes = folder, id_, max_bytes
        self.count = 0
        self.sha256 = hashlib.sha256()
        self._buffer = bytearray()
        with disk():
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            incoming(folder, id_).parent.mkdir(mode=0o750, exist_ok=True)
            self._file = os.open(incoming(folder, id_), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    async def write(self, data: bytes) -> None:
        """Write data. Raises 413 if the file is too large, 507 if the disk is full."""
        self.count += len(data)
        if self.count > self.max_bytes:
            raise too_large(self.max_bytes)
        self._buffer += data
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """Write the rest and sync it to disk."""
        await self._flush()
        await asyncio.to_thread(self._sync)

    def publish(self) -> None:
        """Move the file to its final name."""
        incoming(self.folder, self.id).rename(path(self.folder, self.id))
        self.release()

    def release(self) -> None:
        """Release the file; the sweeper decides whether it is kept."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def discard(self) -> None:
        """Delete the file."""
        if self._file >= 0:
            with suppress(FileNotFoundError):
                incoming(self.folder, self.id).unlink()
            self.release()

    async def _flush(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        await asyncio.to_thread(self._append, data)

    def _sync(self) -> None:
        with disk():
            os.fsync(self._file)
            folder = os.open(incoming(self.folder, self.id).parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)  # sync its name too, before a row refers to it
            finally:
                os.close(folder)

    def _append(self, data: bytes) -> None:
        self.sha256.update(data)
        with disk():
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]


@contextmanager
def disk() -> Iterator[None]:
    """Turn file errors of the block into problems: 507 for a full disk, 503 for an unusable folder."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise ApiProblem(
                507,
                "not enough disk space for the upload",
                os.strerror(error.errno or 0),
                fix="free space in the uploads folder, or send a smaller file",
            ) from error
        raise ApiProblem(
            503,
            "uploads are not available",
            f"the uploads folder cannot be used: {os.strerror(error.errno or 0)}",
            headers={"Retry-After": "30"},
        ) from error


def too_large(max_bytes: int) -> ApiProblem:
    """Return the 413 problem."""
    return ApiProblem(
        413,
        "upload too large",
        f"the limit is {max_bytes} bytes",
        more={"limit_bytes": max_bytes},
        headers={"Connection": "close"},
    )


def list_interrupted(folder: Path) -> list[UUID]:
    """Return the uploads in `.incoming`, except new ones that may not be locked yet."""
    try:
        with os.scandir(folder / ".incoming") as entries:
            return [
                UUID(entry.name)
                for entry in entries
                if ID.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > LOCK_GRACE_SECONDS
            ]
    except OSError:  # no uploads yet, or the file has just gone
        return []


def finish_or_delete(folder: Path, id_: UUID, is_kept: bool) -> None:
    """Move a file to its final name, or delete it."""
    with suppress(FileNotFoundError):  # its writer was faster
        if is_kept:
            incoming(folder, id_).rename(path(folder, id_))
        else:
            incoming(folder, id_).unlink()


@contextmanager
def try_lock(file: Path) -> Iterator[bool]:
    """Lock a file for the block and yield whether that worked: not if it is missing or locked by another process."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
