"""Owner, mode, times and extended attributes of a copy. They are set only where they differ, so a second pass changes
nothing.
"""

from __future__ import annotations

import errno
import os
import stat

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.walk import Entry, printable

Owner = tuple[int, int]
"""User id and group id."""

_LEFT_OUT = ("security.selinux", "trusted.overlay.", "system.nfs4_acl")
"""These belong to the file's location, not to the file."""
_NOT_HERE = frozenset({errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENODATA, errno.ENOENT})


def apply(path: str, entry: Entry, owner: Owner | None, handle: int | None = None) -> None:
    """Give a copy the owner (None: the source's), mode and times of its source. A link gets its own, not those of its
    target.

    Problem when a requested owner cannot be set. The source's owner is kept only where permissions allow it.
    """
    what: str | int = path if handle is None else handle
    facts = os.fstat(handle) if handle is not None else os.lstat(path)
    link = stat.S_ISLNK(facts.st_mode)
    wanted = owner or (entry.uid, entry.gid)
    given = (facts.st_uid, facts.st_gid) != wanted
    if given:
        _own(path, what, wanted, link, asked=owner is not None)
    if not link and (given or stat.S_IMODE(facts.st_mode) != entry.mode):
        os.chmod(what, entry.mode)  # after the owner: a change of owner clears the set-user-id bit
    if facts.st_mtime_ns != entry.mtime:
        if link:
            os.utime(path, ns=(facts.st_atime_ns, entry.mtime), follow_symlinks=False)
        else:
            os.utime(what, ns=(facts.st_atime_ns, entry.mtime))


def copy_extended(source: int | str, target: int | str) -> None:
    """Copy extended attributes (access lists, file capabilities, user attributes) as far as both file systems and
    permissions allow.
    """
    wanted, there = _extended(source), _extended(target)
    for name, value in wanted.items():
        if there.get(name) != value:
            try:
                os.setxattr(target, name, value)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise


def _extended(what: int | str) -> dict[str, bytes]:
    found = {}
    try:
        for name in os.listxattr(what):
            if not name.startswith(_LEFT_OUT):
                found[name] = os.getxattr(what, name)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    return found


def _own(path: str, what: str | int, wanted: Owner, link: bool, *, asked: bool) -> None:
    try:
        if link:
            os.lchown(path, *wanted)
        else:
            os.chown(what, *wanted)
    except PermissionError as error:
        if asked:
            raise Problem(
                f"cannot give {printable(path)} to user {wanted[0]} and group {wanted[1]}",
                "that takes root",
                "run this as root",
            ) from error
