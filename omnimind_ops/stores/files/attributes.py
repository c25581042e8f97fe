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

_EXCLUDED = ("security.selinux", "trusted.overlay.", "system.nfs4_acl")
"""These belong to the file's location, not to the file."""
_UNSUPPORTED = frozenset({errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENODATA, errno.ENOENT})


def apply_attributes(path: str, entry: Entry, owner: Owner | None, handle: int | None = None) -> None:
    """Give a copy the owner (None: the source's), mode and times of its source. A link gets its own, not those of its
    target.

    Problem when a requested owner cannot be set. The source's owner is kept only where permissions allow it.
    """
    target: str | int = path if handle is None else handle
    facts = os.fstat(handle) if handle is not None else os.lstat(path)
    link = stat.S_ISLNK(facts.st_mode)
    new_owner = owner or (entry.uid, entry.gid)
    owner_changed = (facts.st_uid, facts.st_gid) != new_owner
    if owner_changed:
        _set_owner(path, target, new_owner, link, required=owner is not None)
    if not link and (owner_changed or stat.S_IMODE(facts.st_mode) != entry.mode):
        os.chmod(target, entry.mode)  # after the owner: a change of owner clears the set-user-id bit
    if facts.st_mtime_ns != entry.mtime:
        if link:
            os.utime(path, ns=(facts.st_atime_ns, entry.mtime), follow_symlinks=False)
        else:
            os.utime(target, ns=(facts.st_atime_ns, entry.mtime))


def copy_extended_attributes(source: int | str, target: int | str) -> None:
    """Copy extended attributes (access lists, file capabilities, user attributes) as far as both file systems and
    permissions allow.
    """
    expected, existing = read_extended(source), read_extended(target)
    for name, value in expected.items():
        if existing.get(name) != value:
            try:
                os.setxattr(target, name, value)
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise


def read_extended(target: int | str) -> dict[str, bytes]:
    """Return the extended attributes that belong to a file; empty where the file system has none."""
    attributes = {}
    try:
        for name in os.listxattr(target):
            if not name.startswith(_EXCLUDED):
                attributes[name] = os.getxattr(target, name)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    return attributes


def _set_owner(path: str, target: str | int, owner: Owner, link: bool, *, required: bool) -> None:
    try:
        if link:
            os.lchown(path, *owner)
        else:
            os.chown(target, *owner)
    except PermissionError as error:
        if required:
            raise Problem(
                f"cannot change the owner of {printable(path)} to user {owner[0]} and group {owner[1]}",
                "only root may change owners",
                "run the command as root",
            ) from error
