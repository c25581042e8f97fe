"""Bring the changes of one tree into another, in place; what they replace is parked, and everything can be taken back.

Unlike a copy beside and a rename, this works in a mount point, and it writes no more than what changed. A tree that a
server opens before it is certain that it stays is replaced as a whole: the server may write to any of its files.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner, apply_attributes
from omnimind_ops.stores.files.changes import NOT_DATA, Changes, changes
from omnimind_ops.stores.files.copy_file import FileCopier
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.settled import settled_rule, sync_filesystem
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.files.sparse import ignore_count
from omnimind_ops.stores.files.walk import Entry, Kind

RECORD = ".omnimind-carried.json"
PARKED = ".omnimind-parked"


@dataclass(frozen=True)
class Record:
    """What is going to be changed, written before the first change: new names, and names whose old content is parked.

    `whole`: nothing of the old tree stays in place.
    """

    came: tuple[str, ...]
    parked: tuple[str, ...]
    whole: bool


def parking(folder: Path, run: str) -> Path:
    """Return where the old content of a folder is parked: on its own file system, inside it if it is a mount point."""
    if folder.is_mount() or folder.stat().st_dev != folder.parent.stat().st_dev:
        return folder / PARKED / run
    return folder.parent / PARKED / run / folder.name


def carry(new: Path, old: Path, parked: Path, *, without: Collection[str] = (), whole: bool = False) -> Changes:
    """Make `old` equal to `new` and prove it by reading both; return what differed.

    `whole`: park all of it and write all of it, not only what differs. Files keep their old owner and mode; new ones
    get the owner of their folder. Problem leaves a state from which take_back() restores the old tree.
    """
    found = differences = changes(old, new, without=without, exact=not whole)
    if whole:
        found = found.whole(without)
    check_space(old, sum(found.new.entries[path].stored for path in (*found.came, *found.changed)))
    record = _record(found, parked, whole=whole)
    try:
        for path in record.parked:
            _park(old, parked, path)
        _write(found, old)
        sync_filesystem(old)
    except OSError as error:
        raise Problem(f"cannot write to {old}", str(error), "fix the cause, then run the same command again") from error
    left = changes(old, new, without=without, exact=True)
    if left.came or left.changed or left.vanished:
        first = (*left.came, *left.changed, *left.vanished)[0]
        why = f"{first} differs from {new}: somebody writes to one of them, or the disk is failing"
        raise Problem(f"cannot carry the changes into {old}", why, "find the writer (fuser -v), then try again")
    return differences


def take_back(old: Path, parked: Path) -> bool:
    """Restore the tree that carry() found; return False if it changed nothing."""
    file = parked / RECORD
    if not file.exists():
        return False
    record = Record(**json.loads(file.read_text(errors="surrogateescape")))
    if record.whole:
        _clear(old, parked, record)
    else:
        for path in reversed(record.came):
            _remove(old / path)
    for path in record.parked:
        if os.path.lexists(parked / path):
            _remove(old / path)
            (parked / path).rename(old / path)
    sync_filesystem(old)
    file.unlink()
    shutil.rmtree(parked, ignore_errors=True)
    return True


def _record(found: Changes, parked: Path, *, whole: bool) -> Record:
    """Write down what will be done. A parked folder takes everything below it along."""
    vanished = frozenset(found.vanished)
    tops = tuple(path for path in found.vanished if os.path.dirname(path) not in vanished)
    record = Record(found.came, (*found.changed, *tops), whole)
    parked.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = parked / RECORD
    if file.exists():
        raise Problem(
            f"cannot park data in {parked}", "an earlier run has not been taken back", "run `omnimind rollback` first"
        )
    with file.open("w", errors="surrogateescape") as out:
        json.dump(asdict(record), out)
        out.flush()
        os.fsync(out.fileno())
    return record


def _clear(old: Path, parked: Path, record: Record) -> None:
    """Remove all that came, and what a server made of it. A name that is not parked yet is the original."""
    for path in old.iterdir():
        is_original = path.name in record.parked and not os.path.lexists(parked / path.name)
        if path.name in NOT_DATA or is_original:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _park(old: Path, parked: Path, path: str) -> None:
    if os.path.lexists(old / path):  # else its folder was parked with it
        target = parked / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (old / path).rename(target)


def _write(found: Changes, old: Path) -> None:
    """Create what came and what changed, parents first."""
    rule = settled_rule(found.new.root, live=False)
    with Flusher() as flusher:
        for path in sorted((*found.came, *found.changed), key=lambda path: path.split("/")):
            entry, before = found.new.entries[path], found.old.entries.get(path)
            source, target = found.new.root / path, old / path
            owner = _owner(target, before)
            if entry.kind is Kind.FILE:
                FileCopier(rule, owner, flusher, ignore_count).copy(entry, str(source), str(target))
            elif entry.kind is Kind.FOLDER:
                target.mkdir()
            else:
                target.symlink_to(os.readlink(source))
            mode = before.mode if before and before.kind is entry.kind else entry.mode
            apply_attributes(str(target), replace(entry, mode=mode), owner)


def _owner(target: Path, before: Entry | None) -> Owner:
    folder = target.parent.stat()
    return (before.uid, before.gid) if before else (folder.st_uid, folder.st_gid)


def _remove(path: Path) -> None:
    """Remove what carry() created; a folder that holds something else by now stays."""
    if path.is_dir() and not path.is_symlink():
        if not any(path.iterdir()):
            path.rmdir()
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
