"""Copy one file: write it to a temporary name, hash it, read it back and compare, set its attributes, then rename it
into place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from dataclasses import dataclass, replace

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner, apply, copy_extended
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import Copied, mark
from omnimind_ops.stores.files.settled import Settled, unchanged
from omnimind_ops.stores.files.sparse import BUFFER, Count, copy_data, hash_data
from omnimind_ops.stores.files.walk import PARTIAL, Entry, open_quietly, printable


@dataclass(frozen=True)
class Taken:
    """A copied file; `clean`: it need not be copied again while both sides stay unchanged."""

    copied: Copied
    clean: bool


class Desk:
    """Resources of one worker that copies files one after another. `count` is called with the bytes read, twice per
    file byte, and may raise to stop.
    """

    def __init__(self, settled: Settled, owner: Owner | None, flusher: Flusher, count: Count) -> None:
        self.settled = settled
        self.owner = owner
        self.flusher = flusher
        self.count = count
        self.buffer = bytearray(BUFFER)

    def copy(self, entry: Entry, source: str, target: str) -> Taken | None:
        """Copy a file; None when it vanished in a live pass.

        Problem when it cannot be read or written, or when the copy differs from what was read.
        """
        handle = self._open(source)
        if handle is None:
            return None
        partial = os.path.join(os.path.dirname(target), f"{PARTIAL}{threading.get_native_id()}")
        try:
            return self._through(handle, entry, source, target, partial)
        except OSError as error:
            raise _failed(source, target, error) from error
        finally:
            os.close(handle)
            _remove(partial)

    def _open(self, source: str) -> int | None:
        try:
            return open_quietly(source, os.O_RDONLY)
        except OSError as error:
            if self.settled.live and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
                return None
            raise _failed(source, "", error) from error

    def _through(self, handle: int, entry: Entry, source: str, target: str, partial: str) -> Taken | None:
        before = os.fstat(handle)
        same = (before.st_dev, before.st_ino) == entry.identity
        if not stat.S_ISREG(before.st_mode) or not (same or self.settled.live):
            if self.settled.live:
                return None
            raise _changed(source)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        out = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            read, data = copy_data(handle, out, before.st_size, self.buffer, self.count)
            after = os.fstat(handle)
            if not self.settled.live and not unchanged(before, after):
                raise _changed(source)
            if data > BUFFER:
                self.flusher.add(out)
            self._verify(out, read, source, target)
            now = replace(
                entry, uid=after.st_uid, gid=after.st_gid, mode=stat.S_IMODE(after.st_mode), mtime=after.st_mtime_ns
            )
            apply(partial, now, self.owner, out)
            copy_extended(handle, out)
            os.rename(partial, target)
            return Taken(Copied(mark(after), mark(os.fstat(out)), read, data), self.settled.allows(before, after))
        finally:
            os.close(out)

    def _verify(self, out: int, read: str, source: str, target: str) -> None:
        found = hash_data(out, os.fstat(out).st_size, self.buffer, self.count)
        if found != read:
            raise Problem(
                f"cannot copy {printable(source)}",
                f"read {read} (xxh3_128), but {printable(target)} holds {found}",
                "the disk or the memory is failing: look at `dmesg` and SMART, then run again",
            )


def _changed(source: str) -> Problem:
    return Problem(
        f"cannot copy {printable(source)}",
        "it changed while it was being read, though everything that writes to it should be stopped",
        "find the writer (`fuser -v` on the file or its directory), stop it, and run again",
    )


def _failed(source: str, target: str, error: OSError) -> Problem:
    why = error.strerror or str(error)
    fix = "check the permissions and the disk, then run again; what was copied so far is kept"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = os.statvfs(os.path.dirname(target))
        why = f"{why}: {free.f_bavail * free.f_frsize} bytes free, and the file has {os.lstat(source).st_size}"
        fix = "free some space there and run again; what was copied so far is kept"
    return Problem(f"cannot copy {printable(source)}", why, fix)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
