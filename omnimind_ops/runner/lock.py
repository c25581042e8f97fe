"""The lock: only one omnimind command changes a host at a time.

The kernel holds the lock (flock), which ends with its holder. The file only describes the holder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.runner.clock import Clock, stamp, utc_now

_descriptors: set[int] = set()


@contextmanager
def hold(path: Path, user: str, reason: str, *, clock: Clock = utc_now) -> Iterator[None]:
    """Hold the lock for a `with` block; a lock that is taken is a Problem (ExitCode.BUSY) that names the holder.

    The file is emptied, never removed (two holders could then have two files of one name). Text left by a killed holder
    is harmless.
    """
    descriptor = _open(path)  # os.open is O_CLOEXEC: a child process never inherits it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise _busy(path) from error
    _descriptors.add(descriptor)
    description = {"pid": os.getpid(), "who": user, "since": stamp(clock()), "why": reason}
    try:
        os.ftruncate(descriptor, 0)
        with contextlib.suppress(OSError):  # on a full disk it holds all the same, and tells nobody whose it is
            os.pwrite(descriptor, json.dumps(description).encode() + b"\n", 0)
        yield
    finally:
        if descriptor in _descriptors:  # a forked child is not the holder
            _descriptors.discard(descriptor)
            os.ftruncate(descriptor, 0)
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for a child that is being forked at this moment
            os.close(descriptor)


def describe_holder(path: Path) -> str:
    """Return who holds the lock and why, "" when it is free. It never blocks a process that wants the lock."""
    try:
        if not path.read_bytes().strip():  # released by its last holder
            return ""
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return ""
    try:  # the text may be from a killed holder: only then ask the kernel
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _busy(path).why
    finally:
        os.close(file)
    return ""


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o644)
    except PermissionError as error:
        raise Problem(
            "cannot take the lock", f"{path}: {error.strerror}", "run the same command as root (sudo, or su -)"
        ) from error
    except OSError as error:
        raise Problem(
            "cannot take the lock", f"{path}: {error.strerror}", f"check {path}: it must be a regular file"
        ) from error


def _busy(path: Path) -> Problem:
    try:
        holder = json.loads(path.read_text())
        since = holder["since"][:19].replace("T", " ")
        why = f"{holder['who']} has been running another command since {since} UTC: {holder['why']}"
        why += f" (pid {holder['pid']})"
        fix = f"wait until it ends, or inspect it: `ps -fp {holder['pid']}`"
    except (OSError, ValueError, KeyError, TypeError):  # the holder has the lock and has not written the file yet
        why, fix = "another omnimind is changing this host", f"wait until it ends, or find it: `fuser -v {path}`"
    return Problem("cannot start", why, fix, code=ExitCode.BUSY)


def _close_in_child() -> None:
    """Close a forked child's copies of the file descriptors.

    Otherwise the lock would live as long as the child (flock belongs to the open file, not to the process).
    """
    while _descriptors:
        os.close(_descriptors.pop())


os.register_at_fork(after_in_child=_close_in_child)
