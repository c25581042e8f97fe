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
from omnimind_ops.stores.files.attributes import Owner, apply_attributes, copy_extended_attributes
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import CopiedFile, file_state
from omnimind_ops.stores.files.settled import SettledRule, is_unchanged
from omnimind_ops.stores.files.sparse import BUFFER, Count, copy_data, hash_data
from omnimind_ops.stores.files.walk import PARTIAL, Entry, open_quietly, printable


@dataclass(frozen=True)
class CopyResult:
    """A copied file; `settled`: it need not be copied again while both sides stay unchanged."""

    copied: CopiedFile
    settled: bool


class FileCopier:
    """Copies files one after another; one for each thread. `count` is called with the bytes read, twice per file byte,
    and may raise to stop.
    """

    def __init__(self, rule: SettledRule, owner: Owner | None, flusher: Flusher, count: Count) -> None:
        self.rule = rule
        self.owner = owner
        self.flusher = flusher
        self.count = count
        self.buffer = bytearray(BUFFER)

    def copy(self, entry: Entry, source: str, target: str) -> CopyResult | None:
        """Copy a file; None when it vanished in a live pass.

        Problem when it cannot be read or written, or when the copy differs from what was read.
        """
        handle = self._open(source)
        if handle is None:
            return None
        partial = os.path.join(os.path.dirname(target), f"{PARTIAL}{threading.get_native_id()}")
        try:
            return self._copy_open_file(handle, entry, source, target, partial)
        except OSError as error:
            raise _copy_failed(source, target, error) from error
        finally:
            os.close(handle)
            _remove(partial)

    def _open(self, source: str) -> int | None:
        try:
            return open_quietly(source, os.O_RDONLY)
        except OSError as error:
            if self.rule.live and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
                return None
            raise _copy_failed(source, "", error) from error

    def _copy_open_file(self, handle: int, entry: Entry, source: str, target: str, partial: str) -> CopyResult | None:
        before = os.fstat(handle)
        same = (before.st_dev, before.st_ino) == entry.identity
        if not stat.S_ISREG(before.st_mode) or not (same or self.rule.live):
            if self.rule.live:
                return None
            raise _changed_while_read(source)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        out = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            digest, data = copy_data(handle, out, before.st_size, self.buffer, self.count)
            after = os.fstat(handle)
            if not self.rule.live and not is_unchanged(before, after):
                raise _changed_while_read(source)
            if data > BUFFER:
                self.flusher.add(out)
            self._verify(out, digest, source, target)
            current = replace(
                entry, uid=after.st_uid, gid=after.st_gid, mode=stat.S_IMODE(after.st_mode), mtime=after.st_mtime_ns
            )
            apply_attributes(partial, current, self.owner, out)
            copy_extended_attributes(handle, out)
            os.rename(partial, target)
            return CopyResult(
                CopiedFile(file_state(after), file_state(os.fstat(out)), digest, data),
                self.rule.is_settled(before, after),
            )
        finally:
            os.close(out)

    def _verify(self, out: int, digest: str, source: str, target: str) -> None:
        copied_digest = hash_data(out, os.fstat(out).st_size, self.buffer, self.count)
        if copied_digest != digest:
            raise Problem(
                f"cannot copy {printable(source)}",
                f"its digest is {digest} (xxh3_128), but the digest of {printable(target)} is {copied_digest}",
                "the disk or the memory is failing: check `dmesg` and SMART, then run the command again",
            )


def _changed_while_read(source: str) -> Problem:
    return Problem(
        f"cannot copy {printable(source)}",
        "it changed while it was being read, although nothing should write to it now",
        "find the program that writes to it (`fuser -v` on the file or its directory), stop it, and run the "
        "command again",
    )


def _copy_failed(source: str, target: str, error: OSError) -> Problem:
    why = error.strerror or str(error)
    fix = "check the permissions and the disk, then run the command again; files that are already copied are kept"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = os.statvfs(os.path.dirname(target))
        why = f"{why}: {free.f_bavail * free.f_frsize} bytes free, the file has {os.lstat(source).st_size} bytes"
        fix = "free some space on that disk and run the command again; files that are already copied are kept"
    return Problem(f"cannot copy {printable(source)}", why, fix)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
