"""One pass over a tree: what to copy, remove and create; see `copy_tree.copy_tree`."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, replace

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner, apply, copy_extended
from omnimind_ops.stores.files.content import Content, content_digest
from omnimind_ops.stores.files.copy_file import Desk
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import Copied, Manifest, Mark, mark
from omnimind_ops.stores.files.settled import Settled
from omnimind_ops.stores.files.walk import PARTIAL, Entry, Kind, Tree, printable


@dataclass(frozen=True)
class CopyReport:
    """Result of a pass. `files`, `changed` and `removed` count names; `digest` is the hex digest of
    `content.content_digest`.

    `unsettled` names files that changed, or may have changed, while they were read. It is filled only in a live pass;
    the next pass copies these files again.
    """

    files: int
    changed: int
    removed: int
    apparent_bytes: int
    data_bytes: int
    digest: str
    seconds: float
    unsettled: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class Stopped(Exception):  # noqa: N818 - not an error
    """Another thread failed, or the user interrupted."""


class Pass:
    """One pass over a tree. Call the methods in the order in which they are defined."""

    def __init__(self, tree: Tree, there: Tree, known: Manifest, settled: Settled, owner: Owner | None) -> None:
        self.tree, self.there, self.known, self.settled, self.owner = tree, there, known, settled, owner
        self.source, self.target = str(tree.root), str(there.root)
        self.leaders = _leaders(tree)
        self.contents: dict[str, Content] = {}
        self.changed: list[str] = []
        self.removed: list[str] = []
        self.unsettled: list[str] = []
        self.gone: list[str] = []
        self.data = 0
        self.passed = 0
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.todo = deque(sorted(self._stale(), key=lambda entry: -entry.size))
        self.total = sum(entry.size for entry in self.todo)

    def _stale(self) -> list[Entry]:
        stale = []
        for entry in self.tree.of(Kind.FILE):
            if self.leaders.get(entry.path, entry.path) != entry.path:
                continue
            copied = self.known.files.get(entry.path)
            if copied and self._stands(entry, copied):
                self._keep(entry, copied)
            else:
                self.known.files.pop(entry.path, None)
                stale.append(entry)
        return stale

    def _stands(self, entry: Entry, copied: Copied) -> bool:
        there = self.there.entries.get(entry.path)
        return there is not None and (_looks(entry), _looks(there)) == (copied.source, copied.target)

    def _keep(self, entry: Entry, copied: Copied) -> None:
        self.contents[entry.path] = Content(entry.path, Kind.FILE, entry.size, copied.digest)
        self.data += copied.data
        there = self.there.entries[entry.path]
        if self.owner and (there.uid, there.gid) != self.owner:
            path = self._to(entry.path)
            apply(path, entry, self.owner)
            self.known.files[entry.path] = replace(copied, target=mark(os.lstat(path)))

    def room(self) -> int:
        """Return the bytes that the pass will need, minus what it replaces."""
        new = sum(min(entry.stored, entry.size + 4096) for entry in self.todo)
        old = sum(self.there.entries[entry.path].stored for entry in self.todo if entry.path in self.there.entries)
        return max(new - old, max((entry.stored for entry in self.todo), default=0))

    def clear(self) -> None:
        """Remove from the target what the source lacks or has as another kind, and the leftovers of a killed pass."""
        for path in self.there.partials:
            os.unlink(self._to(path))
        for entry in reversed(list(self.there.entries.values())):
            wanted = self.tree.entries.get(entry.path)
            if wanted is not None and wanted.kind is entry.kind:
                continue
            (os.rmdir if entry.kind is Kind.FOLDER else os.unlink)(self._to(entry.path))
            self.known.files.pop(entry.path, None)
            del self.there.entries[entry.path]
            self.removed.append(entry.path)

    def folders(self) -> None:
        """Create missing directories, with private access until `finish`."""
        for entry in self.tree.of(Kind.FOLDER):
            if entry.path not in self.there.entries:
                os.mkdir(self._to(entry.path), 0o700)
            self.contents[entry.path] = Content(entry.path, Kind.FOLDER, 0, "")

    def links(self) -> None:
        """Create symbolic links that are missing or point elsewhere."""
        for entry in self.tree.of(Kind.LINK):
            try:
                points = os.readlink(self._from(entry.path))
            except OSError as error:
                if self.settled.live:
                    self.gone.append(entry.path)
                    continue
                raise Problem(
                    f"cannot read {printable(self._from(entry.path))}", str(error), "stop what writes there"
                ) from error
            path = self._to(entry.path)
            if entry.path not in self.there.entries or os.readlink(path) != points:
                partial = os.path.join(os.path.dirname(path), f"{PARTIAL}link")
                os.symlink(points, partial)
                os.rename(partial, path)
                self.changed.append(entry.path)
            apply(path, entry, self.owner)
            self.contents[entry.path] = Content(entry.path, Kind.LINK, 0, os.fsencode(points).hex())

    def drain(self, flusher: Flusher) -> None:
        """Copy files until none is left; one call per thread."""
        desk = Desk(self.settled, self.owner, flusher, self._count)
        while not self.stopped.is_set():
            try:
                entry = self.todo.popleft()
            except IndexError:
                return
            taken = desk.copy(entry, self._from(entry.path), self._to(entry.path))
            with self.lock:
                if taken is None:
                    self.gone.append(entry.path)
                    continue
                copied = taken.copied
                self.contents[entry.path] = Content(entry.path, Kind.FILE, copied.target.size, copied.digest)
                self.changed.append(entry.path)
                self.data += copied.data
                if taken.clean:
                    self.known.files[entry.path] = copied
                else:
                    self.unsettled.append(entry.path)

    def join(self) -> None:
        """Link the other names of hard-linked files to the first, then record the facts of all of them."""
        for path, leader in self.leaders.items():
            content = self.contents.get(leader)
            if path == leader or content is None:
                continue
            self.contents[path] = replace(content, path=path)
            if not _same_file(self._to(path), self._to(leader)):
                partial = os.path.join(os.path.dirname(self._to(path)), f"{PARTIAL}link")
                os.link(self._to(leader), partial)
                os.rename(partial, self._to(path))
                self.changed.append(path)
        for leader in set(self.leaders.values()) & self.known.files.keys():
            self.known.files[leader] = replace(self.known.files[leader], target=mark(os.lstat(self._to(leader))))

    def finish(self) -> None:
        """Set the attributes of directories from the leaves up: anything created inside changes their times."""
        for entry in reversed(list(self.tree.of(Kind.FOLDER))):
            path = self._to(entry.path)
            copy_extended(self._from(entry.path), path)
            apply(path, entry, self.owner)

        for path in self.known.files.keys() - self.contents.keys():
            del self.known.files[path]

    def report(self, seconds: float) -> CopyReport:
        """Return the result of the pass."""
        files = [content for content in self.contents.values() if content.kind is not Kind.FOLDER]
        return CopyReport(
            len(files),
            len(self.changed),
            len(self.removed),
            sum(content.size for content in files),
            self.data,
            content_digest(self.contents.values()),
            seconds,
            tuple(map(printable, sorted(self.unsettled))),
            self.tree.skipped,
        )

    def _count(self, passed: int) -> None:
        self.passed += passed  # a lost update only delays the progress bar a little
        if self.stopped.is_set():
            raise Stopped

    def _from(self, path: str) -> str:
        return os.path.join(self.source, path) if path else self.source

    def _to(self, path: str) -> str:
        return os.path.join(self.target, path) if path else self.target


def _leaders(tree: Tree) -> dict[str, str]:
    """Return the first name of each file with several names in the tree, by name."""
    first: dict[tuple[int, int], str] = {}
    names: dict[str, str] = {}
    for entry in tree.of(Kind.FILE):
        if entry.links > 1:
            names[entry.path] = first.setdefault(entry.identity, entry.path)
    return names


def _looks(entry: Entry) -> Mark:
    return Mark(entry.size, entry.mtime, entry.ctime, entry.inode)


def _same_file(one: str, two: str) -> bool:
    try:
        return os.path.samestat(os.lstat(one), os.lstat(two))
    except FileNotFoundError:
        return False
