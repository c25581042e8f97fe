"""Manifest: the record of copied files, kept beside the target. A file whose recorded facts are unchanged is not copied
again.

It also proves that omnimind created the target: only then may anything in it be replaced or removed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from omnimind_ops.model.problem import Problem

_FORMAT = "omnimind copy 1"


@dataclass(frozen=True, slots=True)
class FileState:
    """Facts of a file that need no open: size in bytes, mtime and ctime in ns, inode."""

    size: int
    mtime: int
    ctime: int
    inode: int


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that is equal on both sides as long as both marks are unchanged; `digest` is xxh3_128 in hex."""

    source: FileState
    target: FileState
    digest: str
    data: int  # bytes outside holes


@dataclass
class Manifest:
    """The files that need not be copied again, by relative path.

    `inode` is the inode of the target directory; `origin` is the device and inode of the source directory in the last
    live pass, None when there was none since the machine booted.
    """

    source: str
    inode: int
    origin: tuple[int, int] | None = None
    files: dict[str, CopiedFile] = field(default_factory=dict)


def default_manifest(target: Path) -> Path:
    """Return the path of a target's manifest: beside the target."""
    return target.with_name(f".{target.name}.omnimind-manifest")


def load_manifest(path: Path) -> Manifest | None:
    """Return a manifest; None when there is none. Problem when the file is something else."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise ValueError(document["format"])
        files = {
            name: CopiedFile(FileState(*source), FileState(*target), digest, data)
            for name, (source, target, digest, data) in document["files"].items()
        }
        same_boot = document["boot"] == boot_id() != ""
        origin = document.get("origin") if same_boot else None  # device numbers are valid for one boot
        valid = document["durable"] or same_boot
        return Manifest(
            document["source"], document["inode"], tuple(origin) if origin else None, files if valid else {}
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(
            f"cannot use {path} as a manifest",
            f"this version of omnimind did not write it ({error})",
            "move it and the target directory away",
        ) from error


def save_manifest(path: Path, manifest: Manifest, *, durable: bool) -> None:
    """Write the manifest atomically. `durable`: the copies are on the disk; otherwise it is valid only until the next
    boot.
    """
    document = {
        "format": _FORMAT,
        "source": manifest.source,
        "inode": manifest.inode,
        "origin": manifest.origin,
        "durable": durable,
        "boot": boot_id(),
        "files": {
            name: [_numbers(file.source), _numbers(file.target), file.digest, file.data]
            for name, file in manifest.files.items()
        },
    }
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as out:
        json.dump(document, out, separators=(",", ":"))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)


def file_state(facts: os.stat_result) -> FileState:
    """Return the mark of a file."""
    return FileState(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def boot_id() -> str:
    """Return the id of the current boot of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _numbers(state: FileState) -> list[int]:
    return [state.size, state.mtime, state.ctime, state.inode]
