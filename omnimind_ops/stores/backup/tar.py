"""Read tar archives, also compressed ones, without trusting them: each member once, in order, up to the end.

Names may be absolute (`tar -P`) if all of them are: they are read below the folder to which they are unpacked.

`tarfile` takes a damaged header for the end of the archive and does not report a missing end; `members` checks both.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

import zstandard

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.sparse import BUFFER
from omnimind_ops.tools.archive import TAR, archive_kind

GZIP, ZSTD, XZ, BZIP2 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"
MAGIC = max(map(len, (GZIP, ZSTD, XZ, BZIP2)))
_BLOCK = 512
_BUFFERED = 64 << 10
_READ_ERRORS = (
    tarfile.TarError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    OSError,
    ValueError,
    OverflowError,
    MemoryError,
)


class ForwardStream:
    """A stream that is read once, with the seeks that `tarfile` needs: forward, and back a little."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.at = 0
        self.end = 0  # position up to which the source is read
        self.buffer = b""  # its last bytes

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: seeking works as far as `tarfile` needs it."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self.at

    def seek(self, position: int, whence: int = 0) -> int:
        """Go to a position; ValueError when it is too far back."""
        target = position + (self.at if whence == 1 else 0)
        if whence == 2 or target < self.end - len(self.buffer):
            raise ValueError("this stream cannot go back that far")
        while target > self.end and self._read_more(min(BUFFER, target - self.end)):
            pass
        self.at = min(target, self.end)
        return self.at

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, fewer only at the end."""
        back = self.end - self.at
        parts = [self.buffer[len(self.buffer) - back :][:size]] if back else []
        left = size - len(parts[0]) if parts else size
        while left and (part := self._read_more(min(left, BUFFER) if left > 0 else BUFFER)):
            parts.append(part)
            left -= len(part) if left > 0 else 0
        data = b"".join(parts)
        self.at += len(data)
        return data

    def _read_more(self, size: int) -> bytes:
        part = self.source.read(size)
        self.end += len(part)
        self.buffer = part[-_BUFFERED:] if len(part) >= _BUFFERED else (self.buffer + part)[-_BUFFERED:]
        return part


@dataclass(frozen=True)
class Member:
    """A file or directory of an archive. `name` does not lead outside; `extents` are its data ranges, the rest is
    zeros.
    """

    name: str
    folder: bool
    size: int
    extents: tuple[tuple[int, int], ...]
    tar: tarfile.TarFile
    info: tarfile.TarInfo

    def open(self) -> IO[bytes]:
        """Return its bytes, including zeros, as a file; valid until the next member is read."""
        return cast(IO[bytes], self.tar.extractfile(self.info))

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """Yield offset and bytes of its data, up to BUFFER bytes at a time; Problem when the archive is truncated."""
        file = cast(IO[bytes], self.tar.fileobj)
        with damage_as_problem(self.name):
            file.seek(self.info.offset_data)
        for start, length in self.extents:
            left = length
            while left:
                with damage_as_problem(self.name):
                    part = file.read(min(left, BUFFER))
                    if not part:
                        raise EOFError("truncated in the middle of a file")
                yield start + length - left, part
                left -= len(part)


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    """Open an archive and yield the tar stream and its compression: "", "gzip", "zstd", "xz" or "bzip2".

    Problem if it is unreadable, or another kind of archive.
    """
    try:
        file: BinaryIO = path.open("rb")
    except OSError as error:
        raise Problem(
            f"cannot read {path}", error.strerror or str(error), "check the path and its permissions"
        ) from error
    with file:
        magic = file.read(MAGIC)
        file.seek(0)
        if magic.startswith(GZIP):
            with gzip.GzipFile(fileobj=file) as plain:
                yield _forward(plain), "gzip"
        elif magic.startswith(ZSTD):
            with damage_as_problem(str(path)):
                check_frames(file)
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
                yield _forward(reader), "zstd"
        elif magic.startswith(XZ):
            with lzma.LZMAFile(file) as plain_xz:
                yield _forward(plain_xz), "xz"
        elif magic.startswith(BZIP2):
            with bz2.BZ2File(file) as plain_bz2:
                yield _forward(plain_bz2), "bzip2"
        else:
            _refuse_other_archives(path)
            yield file, ""


def _forward(source: object) -> IO[bytes]:
    return cast(IO[bytes], ForwardStream(cast(IO[bytes], source)))


def _refuse_other_archives(path: Path) -> None:
    if (kind := archive_kind(path)) not in ("", TAR):
        raise Problem(
            f"cannot use {path}",
            f"it is {kind}, which omnimind does not read",
            "unpack it, and pass the folder or the snapshot in it",
        )


def members(file: IO[bytes], name: str, last: str = "") -> Iterator[Member]:
    """Yield every file and directory. Problem: damaged, truncated, a link or device, a name that leads outside, or data
    after its end.

    An archive without a tar's empty blocks at its end is truncated, unless it ends right after the member named `last`.
    """
    with damage_as_problem(name):
        tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - the caller owns the file
    latest_name, absolute = "", None
    while True:
        with damage_as_problem(name):
            info = tar.next()
        if info is None:
            break
        absolute = info.name.startswith("/") if absolute is None else absolute
        member = _member(tar, info, name, absolute=absolute)
        latest_name = member.name
        yield member
    with damage_as_problem(name):
        file.seek(tar.offset)
        end = file.read(2 * _BLOCK)
        if len(end) < _BLOCK and (end or not last or latest_name != last):
            raise EOFError("the end of the archive is missing")
        if end.strip(b"\0"):
            raise tarfile.ReadError("damaged header")
        while rest := file.read(BUFFER):  # to the end, so that gzip compares its checksum
            if rest.strip(b"\0"):  # a part is missing, and a file's own zeros were taken for the end
                raise tarfile.ReadError("data after the end of the archive")


def check_frames(file: BinaryIO) -> bool:
    """Walk the frames and blocks of a zstd file by their headers, then go back to its start.

    Return whether every frame ends with a checksum. EOFError when the file is truncated, ZstdError for garbage between
    the frames.

    zstandard's own reader takes a truncated file for a complete one. Format: RFC 8878, section 3.1.1.
    """
    size = file.seek(0, os.SEEK_END)
    at, all_have_checksums = 0, True
    while at < size:
        file.seek(at)
        head = file.read(18)
        if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:  # a skippable frame
            at += 8 + int.from_bytes(head[4:8], "little")
            continue
        at += zstandard.frame_header_size(head)
        last = False
        while not last:
            file.seek(at)
            block = int.from_bytes(file.read(3), "little")
            last = bool(block & 1)
            at += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)
            if at > size:
                break
        has_checksum = zstandard.get_frame_parameters(head).has_checksum
        at, all_have_checksums = at + (4 if has_checksum else 0), all_have_checksums and has_checksum
    if at > size:
        raise EOFError("truncated")
    file.seek(0)
    return all_have_checksums


@contextmanager
def damage_as_problem(name: str) -> Iterator[None]:
    """Turn any error during reading into a Problem for this archive."""
    try:
        yield
    except _READ_ERRORS as error:
        raise damaged(name, str(error) or type(error).__name__) from error


def damaged(name: str, why: str) -> Problem:
    """Return the Problem for an archive that cannot be used."""
    return Problem(
        f"cannot use {name}",
        f"it is damaged, or not a Qdrant backup: {why}",
        "copy it again from the machine that made it, or use another backup",
    )


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo, archive: str, *, absolute: bool) -> Member:
    parts = PurePosixPath(info.name.lstrip("/")).parts
    if info.name.startswith("/") != absolute or ".." in parts or "\0" in info.name:
        raise damaged(archive, f"{info.name!r} leads outside the archive")
    if not (info.isreg() or info.isdir()):
        raise damaged(archive, f"{info.name!r} is a link or a device; Qdrant's data contain neither")
    sparse = cast("list[tuple[int, int]] | None", getattr(info, "sparse", None))
    extents = tuple((start, length) for start, length in sparse if length) if sparse is not None else ((0, info.size),)
    ends = [0, *(start + length for start, length in extents)]
    if info.size < 0 or any(
        start < previous_end or length < 0 or start + length > info.size
        for (start, length), previous_end in zip(extents, ends, strict=False)
    ):
        raise damaged(archive, f"{info.name!r} has impossible sizes")
    size = 0 if info.isdir() else info.size
    return Member("/".join(parts), info.isdir(), size, extents if info.size else (), tar, info)
