"""Position of a value in a body, in the real server's format: "at line 1 column 17"."""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]

from .types import Place

_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def of_value(body: str, at: Place, inside: bool) -> str:
    """Return the end position of the value at `at`. If the mismatch was found only after the value was parsed, the
    bracket around it counts too.
    """
    end = _end(body, _start(body, at))
    if not inside:
        after = _skip(body, end)
        end = after + 1 if body[after : after + 1] in ("}", "]") else end
    return in_words(body, end)


def in_words(body: str, end: int) -> str:
    """Return a character offset as line and column; columns count bytes."""
    before = body[:end]
    return f" at line {before.count(chr(10)) + 1} column {len(before.rpartition(chr(10))[2].encode())}"


def _start(body: str, at: Place) -> int:
    """Return the offset at which the value begins."""
    here = _skip(body, 0)
    for part in at:
        here = _member(body, here, part)
    return here


def _member(body: str, here: int, part: str | int) -> int:
    """Return the offset at which a member of the object or list at `here` begins."""
    result, index, here = -1, 0, _skip(body, here + 1)
    while body[here] not in "}]":
        key: str | int = index
        if isinstance(part, str):
            key, here = scanstring(body, here + 1)
            here = _skip(body, _skip(body, here) + 1)
        if key == part:
            result = here
        here = _skip(body, _end(body, here))
        here, index = _skip(body, here + 1) if body[here] == "," else here, index + 1
    return result


def _end(body: str, here: int) -> int:
    return int(_DECODER.raw_decode(body, here)[1])


def _skip(body: str, here: int) -> int:
    while body[here : here + 1] and body[here] in _SPACE:
        here += 1
    return here
