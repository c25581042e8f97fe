"""CRC-64 of Redis' dump files (Jones polynomial, reflected), some hundred MB per second. Pure.

The data is read as columns: one step works on the next eight bytes of every column at once. The columns' checksums are
then joined in pairs: a checksum is linear, so the first of two is moved on by the length of the second.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Words: TypeAlias = NDArray[np.uint64]

_POLYNOMIAL = 0x95AC9329AC4BC9B5
_COLUMNS = 1 << 14
_WORD = 8
_WIDE = _COLUMNS * _WORD * 8
"""Bytes from which columns pay off."""


def crc64(data: bytes | memoryview, crc: int = 0) -> int:
    """Return the checksum of the data, going on from `crc`, that of what came before."""
    rest = memoryview(data)
    if len(rest) >= _WIDE:
        rows = len(rest) // (_COLUMNS * _WORD)
        size = rows * _COLUMNS * _WORD
        crc = _shifted(crc, size) ^ _of_columns(rest[:size], rows)
        rest = rest[size:]
    table = _table()
    for byte in rest:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _of_columns(data: memoryview, rows: int) -> int:
    import numpy as np

    tables = _word_tables()
    words_by_row = np.ascontiguousarray(np.frombuffer(data, dtype="<u8").reshape(_COLUMNS, rows).T)
    crcs = np.zeros(_COLUMNS, dtype="<u8")
    for row in words_by_row:
        crcs ^= row
        halves = crcs.view("<u2").reshape(_COLUMNS, 4)
        crcs = tables[0][halves[:, 0]]
        for part in (1, 2, 3):
            crcs ^= tables[part][halves[:, part]]
    length = rows * _WORD
    while len(crcs) > 1:
        crcs = _shift_all(crcs[::2], _zeros_operator(length)) ^ crcs[1::2]
        length *= 2
    return int(crcs[0])


@cache
def _word_tables() -> list[Words]:
    """Return, for each 16 bits of a word, what they become at the word's end."""
    import numpy as np

    table = np.array(_table(), dtype="<u8")
    pairs = np.arange(1 << 16, dtype="<u8")
    tables = []
    for step in range(_WORD):
        pairs = table[pairs & np.uint64(0xFF)] ^ (pairs >> np.uint64(8))
        if step % 2:
            tables.append(pairs)
    return tables[::-1]


def _shift_all(crcs: Words, operator: tuple[int, ...]) -> Words:
    import numpy as np

    result = np.zeros(len(crcs), dtype=np.uint64)
    one = np.uint64(1)
    for bit, column in enumerate(operator):
        result ^= np.where((crcs >> np.uint64(bit)) & one, np.uint64(column), np.uint64(0))
    return result


def _shifted(crc: int, length: int) -> int:
    """Return the checksum after `length` zero bytes."""
    return _applied(_zeros_operator(length), crc) if crc else 0


@lru_cache(maxsize=64)
def _zeros_operator(length: int) -> tuple[int, ...]:
    """Return what `length` zero bytes do to a checksum: the image of each of its bits."""
    table = _table()
    images = [1 << bit for bit in range(64)]
    square = tuple(table[image & 0xFF] ^ (image >> 8) for image in images)
    while length:
        if length & 1:
            images = [_applied(square, image) for image in images]
        square = tuple(_applied(square, image) for image in square)
        length >>= 1
    return tuple(images)


def _applied(operator: tuple[int, ...], crc: int) -> int:
    result, bit = 0, 0
    while crc:
        if crc & 1:
            result ^= operator[bit]
        crc >>= 1
        bit += 1
    return result


@cache
def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = (entry >> 1) ^ (_POLYNOMIAL if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)
