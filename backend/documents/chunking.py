"""Splitting of long texts into chunks at natural borders: paragraphs, then sentences, then lines, then words."""

from __future__ import annotations

import re
import unicodedata

SIZE = 1000
"""Maximum characters in a chunk, as in the collection of the previous stack."""
BORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n[ \t]*\n\s*",  # paragraphs
        r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])",  # sentences
        r"\n\s*",  # lines
        r"\s+",  # words
    )
)
"""Borders, from the best to the last resort."""
LEAST = 0.4
"""Earliest cut, as a share of a chunk's new text. Cutting earlier would give chunks too small to be found."""


def chunks(text: str, *, size: int = SIZE, overlap: int = 0) -> list[str]:
    """Return the text in chunks of at most `size` characters, without surrounding white space.

    Each chunk begins with up to `overlap` characters of the previous one, in whole words. Only white space is lost; a
    blank text gives no chunks.
    """
    overlap = min(overlap, size // 2)
    found, start, stop, end = [], 0, 0, len(text)
    while stop < end:
        least = max(start, stop) + int(
            (start + size - max(start, stop)) * LEAST
        )  # well past the end of the previous chunk
        stop = end if end - start <= size else _border(text, least, start + size)
        if piece := text[start:stop].strip():
            found.append(piece)
        start = _step_back(text, start, stop, overlap)
    return found


def _border(text: str, least: int, stop: int) -> int:
    """Return the position to cut between `least` and `stop`: after the last border of the best kind found."""
    for border in BORDERS:
        last = None
        for match in border.finditer(text, least, stop):
            last = match.end()
        if last is not None and last > least:
            return last
    while stop > least and unicodedata.combining(text[stop]):  # keep combining accents with their letter
        stop -= 1
    return stop


def _step_back(text: str, start: int, stop: int, overlap: int) -> int:
    """Return the start of the next chunk: the first word within `overlap` characters before `stop`."""
    least = max(start + 1, stop - overlap)
    if least >= stop:
        return stop
    if text[least - 1].isspace():
        return least
    match = BORDERS[-1].search(text, least, stop)
    return match.end() if match else stop
