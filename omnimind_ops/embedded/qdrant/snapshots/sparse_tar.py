"""Tar archives that keep the holes of sparse files, in the old GNU format.

The engine's files are mostly holes (32 MiB maps with little data). Python's `tarfile` reads sparse members but cannot
write them; the real server reads the old GNU format and refuses pax. Format:
https://www.gnu.org/software/tar/manual/html_node/Standard.html (header, 4 extents at byte 386, "is extended" at 482,
real size at 483, then blocks of 21 extents).
"""

from __future__ import annotations

import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

BLOCK = 512
_COPY = 1 << 20
_PAGE = 4096
Extent = tuple[int, int]


class SparseTar:
    """Writes one archive into a seekable file; members can be archives themselves."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a small file from memory."""
        self.out.write(_made(name, len(data)))
        self.out.write(data)
        self._pad(len(data))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file from the disk, without its holes."""
        with path.open("rb") as source:
            facts = os.fstat(source.fileno())
            size = facts.st_size
            extents = list(_extents(source.fileno(), size))
            stored = sum(length for _, length in extents)
            if stored == size:
                self.out.write(_header(name, size, facts))
            else:
                self._sparse_header(_header(name, stored, facts, tarfile.GNUTYPE_SPARSE), size, extents)
            for start, length in extents:
                source.seek(start)
                self._copy(source, length)
            self._pad(stored)

    def add_directory(self, name: str) -> None:
        """Add an empty directory."""
        info = tarfile.TarInfo(name)
        info.type, info.mtime = tarfile.DIRTYPE, time.time()
        self.out.write(_with_mode(info, 0o40755))

    def add_empty_log(self, name: str, start: bytes, size: int) -> None:
        """Add a file of `size` bytes that is zero after its first few bytes; one block of it is stored."""
        info = tarfile.TarInfo(name)
        info.type, info.size, info.mtime = tarfile.GNUTYPE_SPARSE, _PAGE, time.time()
        self._sparse_header(_with_mode(info, 0o100644), size, [(0, _PAGE)])
        self.out.write(start.ljust(_PAGE, b"\0"))

    def add_archive(self, name: str) -> Archive:
        """Return a member that is an archive: `with tar.add_archive("x.tar") as inner: inner.add_file(...)`."""
        return Archive(self, name)

    def finish(self) -> None:
        """Write the end of the archive."""
        self.out.write(bytes(2 * BLOCK))

    def _copy(self, source: IO[bytes], length: int) -> None:
        while length:
            part = source.read(min(length, _COPY))
            if not part:
                raise OSError(f"{source.name} became shorter while it was packed")
            self.out.write(part)
            length -= len(part)

    def _pad(self, size: int) -> None:
        self.out.write(bytes(-size % BLOCK))

    def _sparse_header(self, header: bytes, size: int, extents: list[Extent]) -> None:
        # The last entry is empty and marks the end, so that a trailing hole is kept.
        entries = [*extents, (size, 0)] if not extents or sum(extents[-1]) != size else extents
        head, rest = entries[:4], entries[4:]
        block = bytearray(header)
        last = len(block) - BLOCK
        block[last + 386 : last + 386 + 24 * len(head)] = b"".join(map(_entry, head))
        block[last + 482] = 1 if rest else 0
        block[last + 483 : last + 495] = _number(size)
        self.out.write(_summed(block))
        while rest:
            part, rest = rest[:21], rest[21:]
            more = b"".join(map(_entry, part)).ljust(504, b"\0") + bytes([1 if rest else 0])
            self.out.write(more.ljust(BLOCK, b"\0"))


class Archive:
    """An archive inside an archive; its size goes into the outer header when it is complete.

    It ends after its last file, without the two empty blocks that end a tar, as the real server writes its segments.
    """

    def __init__(self, outer: SparseTar, name: str) -> None:
        self.outer = outer
        self.name = name

    def __enter__(self) -> SparseTar:
        out = self.outer.out
        self.header_at = out.tell()
        out.write(_made(self.name, 0))
        self.starts = out.tell()
        return SparseTar(out)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        out = self.outer.out
        size = out.tell() - self.starts
        end = out.tell()
        out.seek(self.header_at)
        out.write(_made(self.name, size))
        out.seek(end)


def _header(name: str, size: int, facts: os.stat_result, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the header of a file on the disk."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mtime = size, kind, facts.st_mtime
    return _with_mode(info, facts.st_mode)


def _with_mode(info: tarfile.TarInfo, mode: int) -> bytes:
    """Return the header with the full mode, including the file type; `tarfile` writes only the permissions."""
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    last = len(block) - BLOCK
    block[last + 100 : last + 108] = b"%07o\0" % mode
    return _summed(block)


def _made(name: str, size: int) -> bytes:
    """Return the header of a member without a file on disk: of the oldest type, with no owner and no time."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode = size, tarfile.AREGTYPE, 0o644
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    last = len(block) - BLOCK
    block[last + 108 : last + 124] = bytes(16)
    return _summed(block)


def _summed(block: bytearray) -> bytes:
    """Return the header with its checksum."""
    last = len(block) - BLOCK
    block[last + 148 : last + 156] = b" " * 8
    block[last + 148 : last + 156] = b"%06o\0 " % sum(block[last:])
    return bytes(block)


def _number(value: int) -> bytes:
    """Return a 12-byte number: octal, or base 256 from 8 GiB on."""
    return b"%011o\0" % value if value < 8**11 else b"\x80" + value.to_bytes(11, "big")


def _entry(extent: Extent) -> bytes:
    return _number(extent[0]) + _number(extent[1])


def _extents(handle: int, size: int) -> Iterator[Extent]:
    """Yield the data ranges of the file."""
    at = 0
    while at < size:
        try:
            start = os.lseek(handle, at, os.SEEK_DATA)
        except OSError:
            return  # ENXIO: only a hole up to the end
        at = min(os.lseek(handle, start, os.SEEK_HOLE), size)
        yield start, at - start
