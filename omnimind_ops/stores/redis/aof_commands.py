"""The commands of an append-only file, read without a server: are they complete, and how old is the last one?"""

from __future__ import annotations

import mmap
from dataclasses import dataclass

TIMESTAMP = b"#TS:"
"""Beginning of a line with the unix time (setting `aof-timestamp-enabled`)."""


class DamagedAofError(ValueError):
    """The file is not a sequence of complete commands. `at` is the position after the last complete one."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


@dataclass(frozen=True)
class AofCommands:
    """Commands of an append-only file: their number, the databases they need, unix time of the last (0: unknown)."""

    count: int = 0
    databases: int = 0
    written: int = 0


def read_commands(data: mmap.mmap | bytes, at: int = 0) -> AofCommands:
    """Return the facts about the commands from position `at` to the end; DamagedAofError when one is incomplete."""
    count = databases = written = 0
    transaction = -1
    size = len(data)
    while at < size:
        if data[at : at + 1] == b"#":
            start, at = at, _line_end(data, at, at)
            if data[start : start + 4] == TIMESTAMP:
                written = _number(data[start + 4 : at - 2], start)
            continue
        words, after = _command(data, at)
        name = words[0].upper()
        if name == b"SELECT" and len(words) == 2:
            databases = max(databases, _number(words[1], at) + 1)
        elif name == b"MULTI":
            transaction = at
        elif name == b"EXEC":
            transaction = -1
        count += 1
        at = after
    if transaction >= 0:
        raise DamagedAofError("it ends in the middle of a transaction", transaction)
    return AofCommands(count, databases, written)


def _command(data: mmap.mmap | bytes, start: int) -> tuple[list[bytes], int]:
    """Return the first words of the command at `start`, and where it ends. Only short words are copied."""
    if data[start : start + 1] != b"*":
        raise _no_command(data, start)
    at = _line_end(data, start, start)
    count = _number(data[start + 1 : at - 2], start)
    if count < 1:
        raise DamagedAofError(f"no command begins at byte {start}", start)
    words: list[bytes] = []
    for _ in range(count):
        if (mark := data[at : at + 1]) != b"$":
            raise DamagedAofError(_INCOMPLETE if not mark else f"the command at byte {start} is damaged", start)
        begin = _line_end(data, at, start)
        length = _number(data[at + 1 : begin - 2], start)
        at = begin + length + 2
        if at > len(data):
            raise DamagedAofError(_INCOMPLETE, start)
        if data[at - 2 : at] != b"\r\n":
            raise DamagedAofError(f"the command at byte {start} is damaged", start)
        if len(words) < 2:
            words.append(bytes(data[begin : begin + min(length, 64)]))
    return words, at


_INCOMPLETE = "it ends in the middle of a command"


def _no_command(data: mmap.mmap | bytes, start: int) -> DamagedAofError:
    rest = data[start : start + (1 << 20)]
    what = "zeros follow" if not rest.strip(b"\0") else "no command begins"
    return DamagedAofError(f"{what} at byte {start}", start)


def _line_end(data: mmap.mmap | bytes, at: int, start: int) -> int:
    end = data.find(b"\r\n", at, at + 64)
    if end < 0:
        raise DamagedAofError(
            _INCOMPLETE if len(data) < at + 64 else f"the command at byte {start} is damaged",
            start,
        )
    return end + 2


def _number(digits: bytes, start: int) -> int:
    if not digits.isdigit():
        raise DamagedAofError(f"the command at byte {start} is damaged", start)
    return int(digits)
