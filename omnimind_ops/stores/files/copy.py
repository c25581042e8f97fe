"""Verified, incremental copy of a directory tree: a long first pass while others write, a short last pass when they
have stopped.

Start at `copy_tree`. It walks both sides and skips what the manifest lists as copied; `copy_file.Desk` copies the rest
in threads.
"""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.event import Event, Tell, line, progress, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.attributes import Owner
from omnimind_ops.stores.files.copy_pass import CopyReport, Pass
from omnimind_ops.stores.files.flush import Flusher
from omnimind_ops.stores.files.manifest import Manifest, default_manifest, load, save
from omnimind_ops.stores.files.settled import settle, sync_filesystem
from omnimind_ops.stores.files.space import check_space
from omnimind_ops.stores.files.walk import printable, walk

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
) -> CopyReport:
    """Make `target` equal to `source`, byte for byte, and prove it by reading it back; only changes since the last pass
    are copied.

    The source is only read. `live`: others still write to it; files that may have changed are left for the next pass,
    and writes during the pass are not a Problem. `owner` replaces the source's owner. `manifest` (default: beside the
    target) records the passes; the function may be called again after a kill at any point. Devices, sockets and pipes
    are left out with a warning. Progress counts apparent bytes, half when copied and half when read back.

    When a pass that is not live returns, all data is on the disk. A live pass does not wait for that: its copies are
    valid until the next boot.

    Problem: the target holds something that omnimind did not create; a file changed in a pass that is not live; no
    space; the digests of read and written data differ.
    """
    began = time.monotonic()
    source, target = source.absolute(), target.absolute()
    where = manifest or default_manifest(target)
    _apart(source, target)
    try:
        settled = settle(source, live=live)
        tree = walk(source, live=live)
        known = claim(where, source, target)
        for name in tree.skipped:
            tell(warning(f"not copied: {name}", step))
        work = Pass(tree, walk(target), known, settled, owner)
        check_space(target, work.room())
        work.clear()
        work.folders()
        work.links()
        _run(work, where, step, tell, max(1, threads))
        work.join()
        work.finish()
        if not live:
            sync_filesystem(target)
        save(where, known, durable=not live)
    except OSError as error:
        raise Problem(
            f"cannot copy {source} to {target}",
            str(error),
            "mend the cause and run again; what was copied so far is kept",
        ) from error
    return work.report(time.monotonic() - began)


def _run(work: Pass, where: Path, step: str, tell: Tell, threads: int) -> None:
    """Run the copy threads; this thread reports progress and saves the manifest."""
    text = f"copy {work.tree.root}"
    saved = time.monotonic()
    with Flusher() as flusher, ThreadPoolExecutor(threads, "copy") as pool:
        busy: set[Future[None]] = {pool.submit(work.drain, flusher) for _ in range(threads)}
        try:
            while busy:
                done, busy = wait(busy, _TELL_EVERY, FIRST_EXCEPTION)
                tell(progress(step, text, min(work.passed // 2, work.total), work.total))
                for future in done:
                    future.result()
                if busy and time.monotonic() - saved > _SAVE_EVERY:
                    with work.lock:
                        files = dict(work.known.files)
                    save(where, replace(work.known, files=files), durable=False)
                    saved = time.monotonic()
        except BaseException:
            work.stopped.set()
            wait(busy)
            save(where, work.known, durable=False)
            raise
    for path in work.unsettled:
        tell(line(step, f"changed while read: {printable(path)}"))


def claim(where: Path, source: Path, target: Path) -> Manifest:
    """Return the manifest of a target that is omnimind's own or empty; Problem otherwise."""
    known = load(where)
    if known is not None and known.source != str(source):
        raise Problem(
            f"cannot copy {source} to {target}",
            f"{target} was made from {known.source}, says {where}",
            "name the source it was made from, or another target",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        target.mkdir(0o700)
    inode = os.lstat(target).st_ino
    if (known is None or known.inode != inode) and os.listdir(target):
        raise Problem(
            f"cannot copy to {target}",
            f"it is not empty, and no manifest ({where}) says that we made it",
            "choose an empty directory, or move what is there out of the way",
        )
    if known is None or known.inode != inode:
        known = Manifest(str(source), inode)
        save(where, known, durable=True)
    return known


def _apart(source: Path, target: Path) -> None:
    one, two = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    if one == two or one in two.parents or two in one.parents:
        raise Problem(f"cannot copy {source} to {target}", "one lies inside the other", "choose a target elsewhere")
