"""Splitting of long texts into chunks at natural boundaries: paragraphs, then sentences, then lines, then words."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 1000
"""Maximum characters in a chunk, as in the collection of the previous stack."""
BOUNDARIES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n[ \t]*\n\s*",  # paragraphs
        r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])",  # sentences
        r"\n\s*",  # lines
        r"\s+",  # words
    )
)
"""Boundaries, from the best to the last resort."""
MIN_FILL = 0.4
"""Earliest cut, as a share of a chunk's new text. Cutting earlier would give chunks too small to be found."""


def split(text: str, *, size: int = MAX_CHARS, overlap: int = 0) -> list[str]:
    """Return the text in chunks of at most `size` characters, without surrounding white space.

    Each chunk begins with up to `overlap` characters of the previous one, in whole words. Only white space is lost; a
    blank text gives no chunks.
    """
    overlap = min(overlap, size // 2)
    result, start, stop, end = [], 0, 0, len(text)
    while stop < end:
        earliest = max(start, stop) + int(
            (start + size - max(start, stop)) * MIN_FILL
        )  # well past the end of the previous chunk
        stop = end if end - start <= size else _boundary(text, earliest, start + size)
        if chunk := text[start:stop].strip():
            result.append(chunk)
        start = _step_back(text, start, stop, overlap)
    return result


def _boundary(text: str, earliest: int, stop: int) -> int:
    """Return the position to cut between `earliest` and `stop`: after the last boundary of the best kind."""
    for boundary in BOUNDARIES:
        last = None
        for match in boundary.finditer(text, earliest, stop):
            last = match.end()
        if last is not None and last > earliest:
            return last
    while stop > earliest and unicodedata.combining(text[stop]):  # keep combining accents with their letter
        stop -= 1
    return stop


def _step_back(text: str, start: int, stop: int, overlap: int) -> int:
    """Return the start of the next chunk: the first word within `overlap` characters before `stop`."""
    earliest = max(start + 1, stop - overlap)
    if earliest >= stop:
        return stop
    if text[earliest - 1].isspace():
        return earliest
    match = BOUNDARIES[-1].search(text, earliest, stop)
    return match.end() if match else stop
