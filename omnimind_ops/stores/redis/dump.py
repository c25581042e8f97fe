"""A dump of a backup, read to its end: its checksum is computed here, whatever the server's settings are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.crc64 import crc64
from omnimind_ops.stores.redis.mapped import mapped
from omnimind_ops.stores.redis.rdb import RdbFacts, rdb_header
from omnimind_ops.stores.redis.rdb_content import RdbContent, TruncatedError, UnknownTypeError, read_content

CRC_SINCE = 5
"""RDB version; older dumps have no checksum."""
_CRC_BYTES = 8
_PIECE = 16 << 20


@dataclass(frozen=True)
class Dump:
    """A dump that was read. `content` is None when it holds types that only its server knows.

    `covered`: its own checksum matches. False: it has none (`rdbchecksum no`), so a changed bit may go unnoticed.
    """

    path: Path
    facts: RdbFacts
    content: RdbContent | None
    covered: bool

    @property
    def databases(self) -> int:
        """Return how many numbered databases a server needs for it."""
        return max(self.content.keys, default=0) + 1 if self.content else 0

    @property
    def written(self) -> int:
        """Return the unix time at which it was made, 0 when not recorded."""
        return self.content.written if self.content else 0

    @property
    def is_empty(self) -> bool:
        """Return whether it certainly holds nothing."""
        return self.content is not None and not self.content.total and not self.content.functions


def is_dump(path: Path) -> bool:
    """Return whether a file begins as a dump does."""
    with path.open("rb") as file:
        return file.read(5) in (b"REDIS", b"VALKE")


def read_dump(path: Path) -> Dump:
    """Return a dump that was read to its end; Problem when it is truncated, damaged, or not a dump."""
    dump, end = read_dump_part(path)
    if dump.content and end != dump.facts.size:
        raise _damaged(path, f"{dump.facts.size - end} bytes follow its end at byte {end}")
    return dump


def read_dump_part(path: Path) -> tuple[Dump, int]:
    """Return the dump at the start of a file, and where it ends; Problem as in `read_dump`."""
    facts = rdb_header(path)
    with mapped(path) as data, memoryview(data) as view:
        content = _content(path, view)
        end = content.end if content else len(view) - _CRC_BYTES
        covered = False
        if facts.version >= CRC_SINCE:
            covered = _check_crc(path, view, end)
            end += _CRC_BYTES
    return Dump(path, facts, content, covered), end


def _content(path: Path, data: memoryview) -> RdbContent | None:
    try:
        return read_content(data)
    except UnknownTypeError:
        return None
    except TruncatedError as error:
        raise _damaged(path, f"it is truncated or damaged: {error}") from error


def _check_crc(path: Path, data: memoryview, end: int) -> bool:
    """Return whether a checksum covers the dump that ends at `end`; Problem when it does not match."""
    stored = bytes(data[end : end + _CRC_BYTES])
    if len(stored) < _CRC_BYTES:
        raise _damaged(path, "it is truncated: its checksum is missing")
    crc = 0
    for at in range(0, end, _PIECE):
        crc = crc64(data[at : min(at + _PIECE, end)], crc)
    expected = int.from_bytes(stored, "little")
    if expected and crc != expected:
        raise _damaged(path, f"its CRC-64 is {crc:016x}, but it says {expected:016x}: it has changed since it was made")
    return expected != 0


def _damaged(path: Path, why: str) -> Problem:
    return Problem(
        f"cannot use {path} as a Redis dump", why, "copy it again from the machine that made it, or use another backup"
    )
