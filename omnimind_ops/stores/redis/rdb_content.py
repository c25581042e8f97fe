"""What a dump holds, read without a server: databases, keys, times to live, the moment it was written, where it ends.

Values are skipped, not decoded. The format is that of Redis up to 8 and Valkey up to 9 (rdb.h). A dump with anything
newer is not counted: only the server that loads it can say what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FUNCTION, FUNCTION_OLD, MODULE_AUX, SLOT_INFO = 0xF5, 0xF6, 0xF7, 0xF4
IDLE, FREQUENCY, AUX, RESIZE = 0xF8, 0xF9, 0xFA, 0xFB
EXPIRE_MS, EXPIRE_S, SELECT, END = 0xFC, 0xFD, 0xFE, 0xFF
HEADER = 9
"""Bytes: REDIS and four digits, or VALKEY and three."""
_WORDS = frozenset((0, 9, 10, 11, 12, 13, 16, 17, 20))
"""Types whose value is one string."""
_LISTS = {1: 1, 2: 1, 4: 2, 14: 1}
"""Types whose value is a number of entries; strings by entry."""
_STREAMS = {15: 1, 19: 2, 21: 3}
"""Version of the format by type."""


class UnknownTypeError(ValueError):
    """The dump has something of which this reader does not know the length."""


class TruncatedError(ValueError):
    """The dump ends early, or its lengths make no sense."""


@dataclass(frozen=True)
class RdbContent:
    """What a dump holds. `keys` is by database; `expiries` holds the times at which keys expire (unix milliseconds).

    `end` is the position after the end mark. `written` is unix time, 0 when not recorded.
    """

    keys: Mapping[int, int]
    expiries: tuple[int, ...]
    functions: int
    written: int
    end: int

    @property
    def total(self) -> int:
        """Return the number of keys in all databases."""
        return sum(self.keys.values())


def read_content(data: memoryview) -> RdbContent:
    """Return what a dump holds; TruncatedError or UnknownTypeError when it cannot be read to its end."""
    try:
        return _Reader(data).read()
    except (IndexError, OverflowError) as error:
        raise TruncatedError("its end is missing") from error


class _Reader:
    """Goes through a dump once."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, HEADER
        self.keys: Counter[int] = Counter()
        self.expiries: list[int] = []
        self.functions = self.written = self.db = 0
        self.expires: int | None = None
        self.opcodes: Mapping[int, Callable[[], None]] = {
            AUX: self.read_aux,
            SELECT: self.read_database,
            EXPIRE_MS: lambda: self.read_expiry(8, 1),
            EXPIRE_S: lambda: self.read_expiry(4, 1000),
            RESIZE: lambda: self.skip_lengths(2),
            SLOT_INFO: lambda: self.skip_lengths(3),
            IDLE: lambda: self.skip_lengths(1),
            FREQUENCY: lambda: self.skip(1),
            FUNCTION: self.read_function,
            MODULE_AUX: self.skip_module,
        }

    def read(self) -> RdbContent:
        data, opcodes = self.data, self.opcodes
        while (code := data[self.at]) != END:
            self.at += 1
            if handler := opcodes.get(code):
                handler()
            else:
                self.read_key(code)
        end = self.at + 1
        return RdbContent(dict(self.keys), tuple(self.expiries), self.functions, self.written, end)

    def read_key(self, kind: int) -> None:
        self.skip_string()
        if kind in _WORDS:
            self.skip_string()
        else:
            self.skip_value(kind)
        self.keys[self.db] += 1
        if self.expires is not None:
            self.expiries.append(self.expires)
            self.expires = None

    def read_database(self) -> None:
        self.db = self.length()

    def read_expiry(self, size: int, factor: int) -> None:
        self.expires = int.from_bytes(self.take(size), "little") * factor

    def read_function(self) -> None:
        self.functions += 1
        self.skip_string()

    def read_aux(self) -> None:
        name, value = self.string(), self.string()
        if name == b"ctime" and value.isdigit():
            self.written = int(value)

    def take(self, size: int) -> bytes:
        start = self.at
        self.skip(size)
        return bytes(self.data[start : self.at])

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.data):
            raise TruncatedError("its end is missing")

    def length(self) -> int:
        """Return a length."""
        number, special = self.length_or_encoding()
        if special:
            raise TruncatedError(f"a length at byte {self.at - 1} makes no sense")
        return number

    def length_or_encoding(self) -> tuple[int, bool]:
        """Return a length, or the number of a string's encoding and True."""
        first = self.data[self.at]
        self.at += 1
        if first < 0x40:
            return first, False
        if first < 0x80:
            low = self.data[self.at]
            self.at += 1
            return (first & 0x3F) << 8 | low, False
        if first == 0x80:
            return int.from_bytes(self.take(4), "big"), False
        if first == 0x81:
            return int.from_bytes(self.take(8), "big"), False
        if first < 0xC0:
            raise TruncatedError(f"a length at byte {self.at - 1} makes no sense")
        return first & 0x3F, True

    def skip_lengths(self, count: int) -> None:
        for _ in range(count):
            self.length()

    def skip_string(self) -> None:
        number, special = self.length_or_encoding()
        if not special:
            self.skip(number)
        elif number < 3:  # an integer of 1, 2 or 4 bytes
            self.skip(1 << number)
        elif number == 3:  # compressed
            packed = self.length()
            self.length()
            self.skip(packed)
        else:
            raise TruncatedError(f"a string at byte {self.at - 1} makes no sense")

    def string(self) -> bytes:
        """Return a short string; an integer as its digits."""
        start = self.at
        number, special = self.length_or_encoding()
        if special and number < 3:
            return b"%d" % int.from_bytes(self.take(1 << number), "little", signed=True)
        if special:
            self.at = start
            self.skip_string()
            return b""
        return self.take(number)

    def skip_strings(self, count: int) -> None:
        for _ in range(count):
            self.skip_string()

    def skip_value(self, kind: int) -> None:
        if kind in _LISTS:
            self.skip_strings(self.length() * _LISTS[kind])
        elif kind in (3, 5):
            self.skip_sorted_set(binary=kind == 5)
        elif kind == 7:
            self.skip_module()
        elif kind == 18:
            for _ in range(self.length()):
                self.length()
                self.skip_string()
        elif kind in _STREAMS:
            self.skip_stream(_STREAMS[kind])
        elif kind in (22, 24, 25):
            self.skip_hash(kind)
        else:
            raise UnknownTypeError(f"type {kind} of a value, before byte {self.at}")

    def skip_sorted_set(self, *, binary: bool) -> None:
        for _ in range(self.length()):
            self.skip_string()
            size = 8 if binary else self.take(1)[0]
            self.skip(0 if size > 252 else size)

    def skip_hash(self, kind: int) -> None:
        """Skip a hash whose fields expire: 22 is Valkey's, 24 and 25 are Redis'."""
        if kind == 22 and bytes(self.data[:6]) != b"VALKEY":
            raise UnknownTypeError("type 22 of a value")
        if kind != 22:
            self.skip(8)
        if kind == 25:
            self.skip_string()
            return
        for _ in range(self.length()):
            if kind == 24:
                self.length()
            self.skip_strings(2)
            if kind == 22:
                self.skip(8)

    def skip_module(self) -> None:
        """Skip a module's data: numbered parts up to 0."""
        self.length()
        sizes = {3: 4, 4: 8}
        while part := self.length():
            if part in (1, 2):
                self.length()
            elif part in sizes:
                self.skip(sizes[part])
            elif part == 5:
                self.skip_string()
            else:
                raise UnknownTypeError(f"part {part} of a module's data")

    def skip_stream(self, version: int) -> None:
        self.skip_strings(2 * self.length())
        self.skip_lengths(3 if version == 1 else 8)
        for _ in range(self.length()):
            self.skip_string()
            self.skip_lengths(2 if version == 1 else 3)
            for _ in range(self.length()):
                self.skip(24)
                self.length()
            for _ in range(self.length()):
                self.skip_string()
                self.skip(16 if version == 3 else 8)
                self.skip(16 * self.length())
