"""Facts of a directory tree. No links are followed, and only directories are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from omnimind_ops.model.place import OWN_FOLDER
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.mounts import not_data

PARTIAL = ".omnimind-partial-"
"""Prefix of omnimind's temporary files. In a source, names with this prefix are not data; in a target, they are
removed.
"""


class Kind(StrEnum):
    """Kind of an entry. Everything else (device, socket, pipe) is never copied."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree: `path` is relative ("" is the root; undecodable bytes as surrogates), sizes in bytes, times
    in ns.
    """

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    ctime: int
    device: int
    inode: int
    links: int
    stored: int  # bytes that occupy the disk

    @property
    def identity(self) -> tuple[int, int]:
        """Return device and inode: equal for all names of a hard-linked file."""
        return self.device, self.inode


@dataclass(frozen=True)
class Tree:
    """A walked tree: entries by relative path, parents before children; `skipped` names what cannot be copied, with the
    reason.
    """

    root: Path
    entries: dict[str, Entry]
    skipped: tuple[str, ...]
    partials: tuple[str, ...]

    def of(self, kind: Kind) -> Iterator[Entry]:
        """Yield the entries of one kind."""
        return (entry for entry in self.entries.values() if entry.kind is kind)

    @property
    def apparent(self) -> int:
        """Return the sum of all file sizes in bytes, holes included."""
        return sum(entry.size for entry in self.of(Kind.FILE))


def walk(root: Path, *, live: bool = False, only: Collection[str] | None = None) -> Tree:
    """Return the tree below `root`. `live`: entries that vanish meanwhile are left out. Otherwise they are a Problem;
    so is an unreadable entry. `only`: names at the top; all others are left out.
    """
    entries: dict[str, Entry] = {}
    skipped: list[str] = []
    partials: list[str] = []
    top = _root_entry(root)
    entries[""] = top
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            names = _list_folder(root, folder)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not live or not folder:
                raise _unreadable(root / folder, error) from error
            continue
        except OSError as error:
            raise _unreadable(root / folder, error) from error
        below = []
        if not folder:
            names = _data(root, names, skipped) if only is None else _only(root, names, only, live=live)
        for name, facts in names:
            path = f"{folder}/{name}" if folder else name
            if name.startswith(PARTIAL):
                partials.append(path)
                continue
            kind = _kind(facts)
            if kind is None:
                skipped.append(f"{printable(path)}: {_describe_special(facts)}")
                continue
            entries[path] = _entry(path, kind, facts)
            if kind is Kind.FOLDER:
                below.append(path)
        folders += reversed(below)
    return Tree(root, entries, tuple(skipped), tuple(partials))


def _data(root: Path, names: list[tuple[str, os.stat_result]], skipped: list[str]) -> list[tuple[str, os.stat_result]]:
    """Return the names at the top of a tree that are data. What else is there is skipped, unless it is empty."""
    others = not_data(root)
    skipped += [
        f"{name}: {'a folder of omnimind' if name == OWN_FOLDER else 'a part of the file system'}"
        for name, _ in names
        if name in others and not _is_empty(root / name)
    ]
    return [(name, facts) for name, facts in names if name not in others and not _is_remnant(root / name)]


def _only(
    root: Path, names: list[tuple[str, os.stat_result]], only: Collection[str], *, live: bool
) -> list[tuple[str, os.stat_result]]:
    """Return the wanted names; one that is not there is a Problem, unless the tree is live."""
    if not live and (absent := sorted(set(only) - {name for name, _ in names})):
        raise _unreadable(root / absent[0], FileNotFoundError(2, "No such file or directory"))
    return [(name, facts) for name, facts in names if name in only]


def _is_remnant(path: Path) -> bool:
    """Return whether this is the empty lost+found of a copied file system."""
    return path.name == "lost+found" and _is_empty(path)


def _is_empty(path: Path) -> bool:
    try:
        return not any(path.iterdir())
    except OSError:
        return False


def printable(path: str) -> str:
    """Return a name that any terminal or JSON file can show."""
    return os.fsencode(path).decode(errors="backslashreplace")


def open_quietly(path: str | Path, flags: int) -> int:
    """Open without following a link, without blocking on a pipe, and without changing the access time where permissions
    allow.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        return os.open(path, flags)


def _root_entry(root: Path) -> Entry:
    try:
        facts = os.lstat(root)
    except OSError as error:
        raise _unreadable(root, error) from error
    if not stat.S_ISDIR(facts.st_mode):
        raise Problem(f"cannot read {root}", "it is not a directory", "pass the directory itself, not a link to it")
    return _entry("", Kind.FOLDER, facts)


def _list_folder(root: Path, folder: str) -> list[tuple[str, os.stat_result]]:
    handle = open_quietly(os.path.join(root, folder), os.O_RDONLY | os.O_DIRECTORY)
    entries = []
    try:
        with os.scandir(handle) as listing:
            for item in listing:
                try:
                    entries.append((item.name, item.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue
    finally:
        os.close(handle)
    return sorted(entries, key=lambda pair: pair[0])


def _kind(facts: os.stat_result) -> Kind | None:
    if stat.S_ISREG(facts.st_mode):
        return Kind.FILE
    if stat.S_ISDIR(facts.st_mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(facts.st_mode) else None


def _describe_special(facts: os.stat_result) -> str:
    if stat.S_ISSOCK(facts.st_mode):
        return "a socket"
    return "a pipe" if stat.S_ISFIFO(facts.st_mode) else "a device"


def _entry(path: str, kind: Kind, facts: os.stat_result) -> Entry:
    return Entry(
        path,
        kind,
        stat.S_IMODE(facts.st_mode),
        facts.st_uid,
        facts.st_gid,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ctime_ns,
        facts.st_dev,
        facts.st_ino,
        facts.st_nlink,
        facts.st_blocks * 512,
    )


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        f"cannot read {printable(str(path))}",
        error.strerror or str(error),
        "check the path and its permissions, and that no program changes it at the same time",
    )
