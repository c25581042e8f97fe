"""Verified, incremental copy of a directory tree: a long first pass while others write, a short last pass when they
have stopped.

Start at `copy_tree`. It walks both sides and skips what the manifest lists as copied; `copy_file.FileCopier` copies the
rest in threads.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.event import Event, Tell, line, progress, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner
from omnimind_ops.stores.files.copy_pass import CopyPass, CopyReport
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import Manifest, default_manifest, load_manifest, save_manifest
from omnimind_ops.stores.files.settled import settled_rule, sync_filesystem
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.files.walk import Kind, Tree, printable, walk

_TELL_EVERY = 0.1
_SAVE_EVERY = 20.0


def _silent(event: Event) -> None:
    """Drop the event."""


def copy_tree(
    source: Path,
    target: Path,
    *,
    manifest: Path | None = None,
    owner: Owner | None = None,
    step: str = "",
    tell: Tell = _silent,
    threads: int = 2,
    live: bool = False,
    only: Collection[str] | None = None,
) -> CopyReport:
    """Make `target` equal to `source`, byte for byte, and prove it by reading it back; only changes since the last pass
    are copied.

    The source is only read. `live`: others still write to it; files that may have changed are left for the next pass,
    and writes during the pass are not a Problem. `only`: names of the source; all others are left out. `owner` replaces the source's owner. `manifest` (default: beside the
    target) records the passes; the function may be called again after a kill at any point. Devices, sockets and pipes
    are left out with a warning. Progress counts apparent bytes, half when copied and half when read back.

    When a pass that is not live returns, all data is on the disk. A live pass does not wait for that: its copies are
    valid until the next boot.

    Problem: the target holds something that omnimind did not create; a file changed in a pass that is not live; no
    space; the digests of read and written data differ.
    """
    began = time.monotonic()
    source, target = source.absolute(), target.absolute()
    manifest_path = manifest or default_manifest(target)
    if only is None:
        check_separate(source, target)
    try:
        rule = settled_rule(source, live=live)
        tree = walk(source, live=live, only=only)
        if only is None:
            _check_outside(tree, target)
        record = claim_target(manifest_path, source, target)
        _check_same_source(record, tree, live=live)
        for name in tree.skipped:
            tell(warning(f"not copied: {name}", step))
        work = CopyPass(tree, walk(target), record, rule, owner)
        _run_pass(work, manifest_path, step, tell, max(1, threads))
        if not live:
            sync_filesystem(target)
        save_manifest(manifest_path, record, durable=not live)
    except OSError as error:
        raise Problem(
            f"cannot copy {source} to {target}",
            str(error),
            "fix the cause and run the command again; files that are already copied are kept",
        ) from error
    return work.report(time.monotonic() - began)


def _run_pass(work: CopyPass, manifest_path: Path, step: str, tell: Tell, threads: int) -> None:
    check_space(Path(work.target), work.space_needed())
    work.remove_extra()
    work.create_folders()
    work.create_links()
    _run_threads(work, manifest_path, step, tell, threads)
    work.create_hard_links()
    work.set_folder_attributes()


def _run_threads(work: CopyPass, manifest_path: Path, step: str, tell: Tell, threads: int) -> None:
    """Run the copy threads; this thread reports progress and saves the manifest."""
    text = f"copy {work.tree.root}"
    saved = time.monotonic()
    with Flusher() as flusher, ThreadPoolExecutor(threads, "copy") as pool:
        busy: set[Future[None]] = {pool.submit(work.copy_files, flusher) for _ in range(threads)}
        try:
            while busy:
                done, busy = wait(busy, _TELL_EVERY, FIRST_EXCEPTION)
                tell(progress(step, text, min(work.processed // 2, work.total), work.total))
                for future in done:
                    future.result()
                if busy and time.monotonic() - saved > _SAVE_EVERY:
                    with work.lock:
                        files = dict(work.manifest.files)
                    save_manifest(manifest_path, replace(work.manifest, files=files), durable=False)
                    saved = time.monotonic()
        except BaseException:
            work.stopped.set()
            wait(busy)
            save_manifest(manifest_path, work.manifest, durable=False)
            raise
    for path in work.unsettled:
        tell(line(step, f"changed while it was read: {printable(path)}"))


def claim_target(manifest_path: Path, source: Path, target: Path) -> Manifest:
    """Return the manifest of a target that is omnimind's own or empty; Problem otherwise."""
    record = load_manifest(manifest_path)
    if record is not None and record.source != str(source):
        raise Problem(
            f"cannot copy {source} to {target}",
            f"{target} is a copy of {record.source}, according to {manifest_path}",
            "pass that source, or a different target",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        target.mkdir(0o700)
    inode = os.lstat(target).st_ino
    if (record is None or record.inode != inode) and os.listdir(target):
        raise Problem(
            f"cannot copy to {target}",
            f"it is not empty, and there is no manifest ({manifest_path}) of an earlier copy by omnimind",
            "choose an empty directory, or move its contents away",
        )
    if record is None or record.inode != inode:
        record = Manifest(str(source), inode)
        save_manifest(manifest_path, record, durable=True)
    return record


def _check_same_source(manifest: Manifest, tree: Tree, *, live: bool) -> None:
    """Note the source directory in a live pass; Problem when the last pass finds another one under its path.

    A file system that was mounted only while a container ran is gone then, and an empty folder would replace the copy.
    """
    origin = tree.entries[""].identity
    if live:
        manifest.origin = origin
    elif manifest.origin not in (None, origin):
        raise Problem(
            f"cannot copy the last changes of {tree.root}",
            "it is not the directory that was there while the containers ran: something was mounted or unmounted",
            "mount it on this host, not by Docker, and use it in the Compose file as a bind mount",
        )


def _check_outside(tree: Tree, target: Path) -> None:
    """Raise Problem if the target is in the source tree under another name: a bind mount of a part of it."""
    nearest = next(path for path in (target, *target.parents) if path.exists())
    facts = nearest.stat()
    if (facts.st_dev, facts.st_ino) in {entry.identity for entry in tree.of(Kind.FOLDER)}:
        raise Problem(
            f"cannot copy {tree.root} to {target}",
            f"{nearest} is a directory of {tree.root} under another name",
            "choose a target outside the source",
        )


def check_separate(source: Path, target: Path) -> None:
    """Raise Problem if one directory is the other or inside it, by any name: bind mounts and links included."""
    ends = [_with_parents(Path(os.path.realpath(path))) for path in (source, target)]
    if ends[0][0] in ends[1] or ends[1][0] in ends[0]:
        raise Problem(
            f"cannot copy {source} to {target}",
            "they are the same directory, or one directory is inside the other",
            "use a folder for the copy that is neither inside the original nor around it",
        )


def _with_parents(path: Path) -> list[tuple[int, int] | Path]:
    """Return device and inode of a path and of its parents; the path itself where there is nothing yet."""
    found: list[tuple[int, int] | Path] = []
    for part in (path, *path.parents):
        try:
            facts = os.stat(part)
            found.append((facts.st_dev, facts.st_ino))
        except FileNotFoundError:
            found.append(part)
    return found
