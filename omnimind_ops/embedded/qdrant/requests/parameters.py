"""Names in the path and parameters in the query string, parsed and checked like in the real server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omnimind_ops.embedded.qdrant.errors import ApiError, invalid

from .snapshots import PRIORITY, Checksum
from .types import U32, U64, Mismatch, Word

_FORBIDDEN = '<>:"/\\|?*\0\x1f'
_FORBIDDEN_OF_OLD = "/\0"
Read = Callable[[str], Any]


def collection_name(name: str, new: bool = False) -> str:
    """Return the name of a collection; a new name allows fewer characters than one of an older server."""
    if not 1 <= len(name) <= 255:
        raise _bad_path("collection_name", f'value "{name}" invalid, must be from 1 to 255 characters')
    if name in (".", ".."):  # the real server leaves that to the client; a directory cannot have this name
        raise _bad_path("collection_name", f'value "{name}" invalid, must not name a directory')
    for character in _FORBIDDEN if new else _FORBIDDEN_OF_OLD:
        if character in name:
            raise _bad_path("collection_name", f'collection name cannot contain "{character}" char')
    return name


def vector_name(name: str) -> str:
    """Return the name of a vector."""
    if len(name.encode()) > 200:
        raise _bad_path("vector_name", "vector name must be at most 200 bytes long")
    for character in _FORBIDDEN:
        if character in name:
            raise _bad_path("vector_name", f'vector name cannot contain "{character}" char')
    return name


def shard_id(text: str) -> int:
    """Return the number of a shard."""
    if not text.isdigit() or int(text) > U32:
        raise ApiError(400, f'Deserialize error in path parameters: can not parse "{text}" to a u32')
    return int(text)


def _bad_path(name: str, text: str) -> ApiError:
    return invalid("path parameters", [(name, text)])


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("provided string was not `true` or `false`")
    return text == "true"


def _number(text: str) -> int:
    if not text.isdigit():
        raise ValueError("cannot parse integer from empty string" if not text else "invalid digit found in string")
    if int(text) > U64:
        raise ValueError("number too large to fit in target type")
    return int(text)


def _nonzero(text: str) -> int:
    if _number(text) == 0:
        raise ValueError("invalid value: integer `0`, expected a nonzero u64")
    return int(text)


def _word(word: Word) -> Read:
    def read(text: str) -> str:
        word.read(text, ())
        return text

    return read


def _consistency(text: str) -> str:
    if text and not text.isdigit() and text not in ("majority", "quorum", "all"):
        raise ValueError(f"failed to deserialize read consistency query parameter value '{text}'")
    if text.isdigit() and int(text) == 0:
        raise invalid("query parameters", [("consistency.factor", "value 0 invalid, must be 1 or larger")])
    return text


def _at_least_one(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise invalid("query parameters", [("timeout", f"value {number} invalid, must be 1 or larger")])
    return number


def _checksum(text: str) -> str:
    if broken := list(Checksum().check(text, "checksum")):
        raise invalid("query parameters", broken)
    return text


UPDATE: Mapping[str, Read] = {"wait": _flag, "ordering": _word(Word(("weak", "medium", "strong"))), "timeout": _number}
"""Parameters of changes to points."""
READ: Mapping[str, Read] = {"consistency": _consistency, "timeout": _nonzero}
"""Parameters of queries on points."""
META: Mapping[str, Read] = {"timeout": _at_least_one}
"""Parameters of changes to collections and aliases."""
SNAPSHOT: Mapping[str, Read] = {"wait": _flag}
UPLOAD: Mapping[str, Read] = {"wait": _flag, "priority": _word(PRIORITY), "checksum": _checksum}


def parameters(given: Mapping[str, str], known: Mapping[str, Read]) -> dict[str, Any]:
    """Return the known parameters with their values; others are ignored."""
    results: dict[str, Any] = {}
    for name, read in known.items():
        if name not in given:
            continue
        try:
            results[name] = read(given[name])
        except (Mismatch, ValueError) as error:
            raise ApiError(400, f"Deserialize error in query parameters: {error}") from None
    return results
