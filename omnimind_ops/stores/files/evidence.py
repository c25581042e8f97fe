"""Evidence of a folder: what is noted while containers use it, so that it is not judged by what is left afterwards."""

from __future__ import annotations

from pathlib import Path

from omnimind_ops.model.data import FolderEvidence
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.walk import Kind, walk


def folder_evidence(path: Path, *, live: bool = False) -> FolderEvidence:
    """Return what identifies a folder, and how much is in it. `live`: others write to it."""
    tree = walk(path, live=live)
    top = tree.entries[""]
    folders = [max(entry.mtime, entry.ctime) for entry in tree.of(Kind.FOLDER)]
    names = sum(1 for entry in tree.entries.values() if entry.kind is not Kind.FOLDER)
    return FolderEvidence(top.device, top.inode, names, tree.apparent, max(folders))


def refuse_smaller(path: Path, noted: FolderEvidence, now: FolderEvidence) -> int:
    """Return how many files were deleted since the folder was noted.

    Problem when it is another folder, when files are gone although no folder has changed, or when more than half of
    the files or bytes are gone: then it was not people who deleted them.
    """
    lost = noted.files - now.files
    if (noted.device, noted.inode) != (now.device, now.inode):
        why = "it is not the directory that was there while the containers ran: something was mounted or unmounted"
    elif lost > 0 and now.changed <= noted.changed:
        why = f"{lost} of {noted.files} files are gone, although nothing was deleted in it"
    elif now.files * 2 < noted.files or now.bytes * 2 < noted.bytes:
        why = (
            f"it has {now.files} files with {now.bytes} bytes; while the containers ran it had {noted.files} files "
            f"with {noted.bytes} bytes"
        )
    else:
        return max(0, lost)
    raise Problem(
        f"cannot copy the last changes of {path}",
        why,
        "nothing is lost: the containers start again. Find out what empties the folder when they stop (a mount, or the "
        "program itself), then run `omnimind migrate` again",
    )
