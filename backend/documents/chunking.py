"""Long texts cut into chunks at borders that a reader would choose: between paragraphs, else sentences, else lines,
else words.
"""

from __future__ import annotations

import re
import unicodedata

SIZE = 1000
"""Characters in a chunk, at most: what the collection of the stack before held."""
BORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n[ \t]*\n\s*",  # paragraphs
        r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])",  # sentences
        r"\n\s*",  # lines
        r"\s+",  # words
    )
)
"""From the best border to the last resort."""
LEAST = 0.4
"""Of what a chunk may add: a border before that would leave chunks too small to be found by."""


def chunks(text: str, *, size: int = SIZE, overlap: int = 0) -> list[str]:
    """Return the text in pieces of at most `size` characters, without blanks around them.

    Each begins with up to `overlap` characters, whole words, of the one before. No character but white space is lost; a
    blank text gives no chunk.
    """
    overlap = min(overlap, size // 2)
    found, start, stop, end = [], 0, 0, len(text)
    while stop < end:
        least = max(start, stop) + int(
            (start + size - max(start, stop)) * LEAST
        )  # well behind what the chunk before had reached
        stop = end if end - start <= size else _border(text, least, start + size)
        if piece := text[start:stop].strip():
            found.append(piece)
        start = _step_back(text, start, stop, overlap)
    return found


def _border(text: str, least: int, stop: int) -> int:
    """Return where to cut between `least` and `stop`: the last place behind the best kind of border there is."""
    for border in BORDERS:
        last = None
        for match in border.finditer(text, least, stop):
            last = match.end()
        if last is not None and last > least:
            return last
    while stop > least and unicodedata.combining(text[stop]):  # an accent stays with its letter
        stop -= 1
    return stop


def _step_back(text: str, start: int, stop: int, overlap: int) -> int:
    """Return where the next chunk begins: at the first word within `overlap` characters before `stop`."""
    least = max(start + 1, stop - overlap)
    if least >= stop:
        return stop
    if text[least - 1].isspace():
        return least
    match = BORDERS[-1].search(text, least, stop)
    return match.end() if match else stop
