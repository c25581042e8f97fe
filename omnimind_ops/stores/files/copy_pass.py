"""One pass over a tree: what to copy, remove and create; see `copy.copy_tree`."""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import dataclass, replace

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner, apply_attributes, copy_extended_attributes
from omnimind_ops.stores.files.content import Content, content_digest
from omnimind_ops.stores.files.copy_file import FileCopier
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import CopiedFile, FileState, Manifest, file_state
from omnimind_ops.stores.files.settled import SettledRule
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


class CopyStopped(Exception):  # noqa: N818 - not an error
    """Another thread failed, or the user interrupted."""


class CopyPass:
    """One pass over a tree. Call the methods in the order in which they are defined."""

    def __init__(self, tree: Tree, existing: Tree, manifest: Manifest, rule: SettledRule, owner: Owner | None) -> None:
        self.tree, self.existing, self.manifest, self.rule, self.owner = tree, existing, manifest, rule, owner
        self.source, self.target = str(tree.root), str(existing.root)
        self.first_names = _find_first_names(tree)
        self.contents: dict[str, Content] = {}
        self.changed: list[str] = []
        self.removed: list[str] = []
        self.unsettled: list[str] = []
        self.vanished: list[str] = []
        self.data = 0
        self.processed = 0
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.queue = deque(sorted(self._find_stale(), key=lambda entry: -entry.size))
        self.total = sum(entry.size for entry in self.queue)

    def _find_stale(self) -> list[Entry]:
        stale = []
        for entry in self.tree.of(Kind.FILE):
            if self.first_names.get(entry.path, entry.path) != entry.path:
                continue
            copied = self.manifest.files.get(entry.path)
            if copied and self._is_current(entry, copied):
                self._keep(entry, copied)
            else:
                self.manifest.files.pop(entry.path, None)
                stale.append(entry)
        return stale

    def _is_current(self, entry: Entry, copied: CopiedFile) -> bool:
        existing = self.existing.entries.get(entry.path)
        return existing is not None and (_entry_state(entry), _entry_state(existing)) == (copied.source, copied.target)

    def _keep(self, entry: Entry, copied: CopiedFile) -> None:
        self.contents[entry.path] = Content(entry.path, Kind.FILE, entry.size, copied.digest)
        self.data += copied.data
        existing = self.existing.entries[entry.path]
        if self.owner and (existing.uid, existing.gid) != self.owner:
            path = self._target_path(entry.path)
            apply_attributes(path, entry, self.owner)
            self.manifest.files[entry.path] = replace(copied, target=file_state(os.lstat(path)))

    def space_needed(self) -> int:
        """Return the bytes that the pass will need, minus what it replaces."""
        new = sum(min(entry.stored, entry.size + 4096) for entry in self.queue)
        old = sum(
            self.existing.entries[entry.path].stored for entry in self.queue if entry.path in self.existing.entries
        )
        return max(new - old, max((entry.stored for entry in self.queue), default=0))

    def remove_extra(self) -> None:
        """Remove from the target what the source lacks or has as another kind, and the leftovers of a killed pass."""
        for path in self.existing.partials:
            os.unlink(self._target_path(path))
        for entry in reversed(list(self.existing.entries.values())):
            expected = self.tree.entries.get(entry.path)
            if expected is not None and expected.kind is entry.kind:
                continue
            (os.rmdir if entry.kind is Kind.FOLDER else os.unlink)(self._target_path(entry.path))
            self.manifest.files.pop(entry.path, None)
            del self.existing.entries[entry.path]
            self.removed.append(entry.path)

    def create_folders(self) -> None:
        """Create missing directories, with private access until `set_folder_attributes`."""
        for entry in self.tree.of(Kind.FOLDER):
            if entry.path not in self.existing.entries:
                os.mkdir(self._target_path(entry.path), 0o700)
            self.contents[entry.path] = Content(entry.path, Kind.FOLDER, 0, "")

    def create_links(self) -> None:
        """Create symbolic links that are missing or point elsewhere."""
        for entry in self.tree.of(Kind.LINK):
            try:
                link_target = os.readlink(self._source_path(entry.path))
            except OSError as error:
                if self.rule.live:
                    self.vanished.append(entry.path)
                    continue
                raise Problem(
                    f"cannot read {printable(self._source_path(entry.path))}",
                    str(error),
                    "stop the program that writes there, and run the command again",
                ) from error
            path = self._target_path(entry.path)
            if entry.path not in self.existing.entries or os.readlink(path) != link_target:
                partial = os.path.join(os.path.dirname(path), f"{PARTIAL}link")
                os.symlink(link_target, partial)
                os.rename(partial, path)
                self.changed.append(entry.path)
            apply_attributes(path, entry, self.owner)
            self.contents[entry.path] = Content(entry.path, Kind.LINK, 0, os.fsencode(link_target).hex())

    def copy_files(self, flusher: Flusher) -> None:
        """Copy files until none is left; one call per thread."""
        copier = FileCopier(self.rule, self.owner, flusher, self._count)
        while not self.stopped.is_set():
            try:
                entry = self.queue.popleft()
            except IndexError:
                return
            result = copier.copy(entry, self._source_path(entry.path), self._target_path(entry.path))
            with self.lock:
                if result is None:
                    self.vanished.append(entry.path)
                    continue
                copied = result.copied
                self.contents[entry.path] = Content(entry.path, Kind.FILE, copied.target.size, copied.digest)
                self.changed.append(entry.path)
                self.data += copied.data
                if result.settled:
                    self.manifest.files[entry.path] = copied
                else:
                    self.unsettled.append(entry.path)

    def create_hard_links(self) -> None:
        """Link the other names of hard-linked files to the first, then record the facts of all of them."""
        for path, leader in self.first_names.items():
            content = self.contents.get(leader)
            if path == leader or content is None:
                continue
            self.contents[path] = replace(content, path=path)
            if not _same_file(self._target_path(path), self._target_path(leader)):
                partial = os.path.join(os.path.dirname(self._target_path(path)), f"{PARTIAL}link")
                os.link(self._target_path(leader), partial)
                os.rename(partial, self._target_path(path))
                self.changed.append(path)
        for leader in set(self.first_names.values()) & self.manifest.files.keys():
            self.manifest.files[leader] = replace(
                self.manifest.files[leader], target=file_state(os.lstat(self._target_path(leader)))
            )

    def set_folder_attributes(self) -> None:
        """Set the attributes of directories from the bottom up: anything created inside changes their times."""
        for entry in reversed(list(self.tree.of(Kind.FOLDER))):
            path = self._target_path(entry.path)
            copy_extended_attributes(self._source_path(entry.path), path)
            apply_attributes(path, entry, self.owner)

        for path in self.manifest.files.keys() - self.contents.keys():
            del self.manifest.files[path]

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
        self.processed += passed  # a lost update only delays the progress bar a little
        if self.stopped.is_set():
            raise CopyStopped

    def _source_path(self, path: str) -> str:
        return os.path.join(self.source, path) if path else self.source

    def _target_path(self, path: str) -> str:
        return os.path.join(self.target, path) if path else self.target


def _find_first_names(tree: Tree) -> dict[str, str]:
    """Return the first name of each file with several names in the tree, by name."""
    first: dict[tuple[int, int], str] = {}
    names: dict[str, str] = {}
    for entry in tree.of(Kind.FILE):
        if entry.links > 1:
            names[entry.path] = first.setdefault(entry.identity, entry.path)
    return names


def _entry_state(entry: Entry) -> FileState:
    return FileState(entry.size, entry.mtime, entry.ctime, entry.inode)


def _same_file(first: str, second: str) -> bool:
    try:
        return os.path.samestat(os.lstat(first), os.lstat(second))
    except FileNotFoundError:
        return False
