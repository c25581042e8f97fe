"""Dump files: read their facts and place one where the native server loads it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.shell import run

CHUNK = 1 << 20
END_OPCODE = 0xFF
DUMP_NAME = "dump.rdb"


@dataclass(frozen=True)
class RdbFacts:
    """A dump file. `magic` is REDIS or VALKEY (9 and newer), `writer` is "7.0.15" or "" when not recorded, `size` is in
    bytes.
    """

    magic: str
    version: int
    writer: str
    size: int
    used_memory: int = 0  # bytes that the writer used, 0 when not recorded

    def __str__(self) -> str:
        return f"RDB {self.version}" + (f" of {self.magic.title()} {self.writer}" if self.writer else "")


def rdb_facts(path: Path, checker: str = "") -> RdbFacts:
    """Return a dump's facts after checking that it ends correctly (the end opcode and eight bytes of checksum).

    Raise Problem for a file that is not a dump or is truncated. `checker`, e.g. "/usr/bin/redis-check-rdb", also reads
    the whole file and its CRC; use it only for dumps that its version can read.
    """
    facts = rdb_header(path)
    with path.open("rb") as file:
        file.seek(max(0, facts.size - 9))
        if file.read(1) != bytes([END_OPCODE]):
            raise _not_a_dump(path, f"it is truncated: its {facts.size} bytes do not end like a dump")
    if checker and not (result := run([checker, str(path)], check=False, timeout=3600)).ok:
        output = result.out.strip().splitlines() or [result.err.strip() or f"{checker} reports an error"]
        raise _not_a_dump(path, output[-1])
    return facts


def rdb_header(path: Path) -> RdbFacts:
    """Return the facts from the header alone; also works for an append-only file that begins with a dump."""
    try:
        with path.open("rb") as file:
            head = file.read(256)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise _not_a_dump(path, error.strerror or str(error)) from error
    header = re.match(rb"(?:(REDIS)(\d{4})|(VALKEY)(\d{3}))", head)
    if not header:
        raise _not_a_dump(path, f"it begins with {head[:9]!r}, not with REDIS or VALKEY and a number")
    writer = re.match(rb"\xfa(?:\x09redis-ver|\x0avalkey-ver)([\x01-\x3f])", head[9:])
    text = head[9 + writer.end() :][: writer[1][0]].decode(errors="replace") if writer else ""
    return RdbFacts((header[1] or header[3]).decode(), int(header[2] or header[4]), text, size, _used_memory(head))


def _used_memory(head: bytes) -> int:
    """Return the header's used-mem: a little-endian integer of 1, 2 or 4 bytes, or, when larger, a text."""
    field = re.search(rb"\xfa\x08used-mem(?:\xc0(.)|\xc1(..)|\xc2(....)|[\x01-\x3f](\d+))", head, re.DOTALL)
    if not field:
        return 0
    return int(field[4]) if field[4] else int.from_bytes(field[1] or field[2] or field[3], "little")


def stage_rdb(rdb: Path, folder: Path, owner: tuple[int, int]) -> None:
    """Create `folder`, with a copy of `rdb` as the dump that a server there loads at start.

    The copy is synced and compared by hash; it has mode 0640 and `owner` (uid, gid). The server must start with AOF
    off: with `appendonly yes` and no AOF it ignores the dump and starts empty.
    """
    folder.mkdir(mode=0o750)
    copy = folder / DUMP_NAME
    _copy(rdb, copy, owner)
    if _sha256(copy) != _sha256(rdb):
        raise Problem(
            f"cannot place {rdb}",
            f"its copy {copy} has a different SHA-256",
            "check the disk (dmesg), then run the same command again",
        )
    _sync_folder(folder)


def _copy(source: Path, target: Path, owner: tuple[int, int]) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        os.fchmod(writer.fileno(), 0o640)
        shutil.copyfileobj(reader, writer, CHUNK)
        os.fchown(writer.fileno(), *owner)
        writer.flush()
        os.fsync(writer.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_a_dump(path: Path, why: str) -> Problem:
    return Problem(
        f"cannot use {path} as a Redis dump",
        why,
        "pass a dump.rdb that SAVE or a clean stop wrote, then run the same command again",
    )
