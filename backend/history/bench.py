"""Saved results of `omnimind bench`: one JSON file each in a folder.

Documents are returned unchanged; a list shows their top level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from backend.history.schemas import BenchResult
from backend.http.errors import ApiProblem

NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$"
"""Pattern of a result's name: no path outside the folder, no hidden file."""
MOST_FILES = 500
MOST_BYTES = 16 * 1024 * 1024
MODELLED = ("case", "made", "device", "settings", "total", "interrupted")


def listed(folder: Path) -> list[BenchResult]:
    """Return the newest results, newest first. A result that cannot be read carries the reason.

    A missing folder has no results.
    """
    found = sorted(_files(folder), key=lambda one: one[0], reverse=True)[:MOST_FILES]
    results = [_result(path) for _, path in found]
    return sorted(results, key=lambda one: one.made, reverse=True)


def document(folder: Path, name: str) -> bytes:
    """Return one document unchanged. Raises ApiProblem 404 if it does not exist, 409 if it is broken."""
    if not re.fullmatch(NAME, name):
        raise _unknown(name)
    try:
        return _read(folder / f"{name}.json")[0]
    except FileNotFoundError as error:
        raise _unknown(name) from error
    except (OSError, ValueError) as error:
        raise ApiProblem(
            409, "the result is broken", _why(error), fix=f"measure again, or delete {name}.json"
        ) from error


def _unknown(name: str) -> ApiProblem:
    return ApiProblem(
        404, "no such result", f"there is no result {name!r}", fix="see GET /bench; measure: omnimind bench"
    )


def _files(folder: Path) -> Iterator[tuple[float, Path]]:
    try:
        for path in folder.glob("*.json"):
            if re.fullmatch(NAME, path.stem) and path.is_file():
                yield path.stat().st_mtime, path
    except OSError:
        return  # missing or not readable: no results


def _result(path: Path) -> BenchResult:
    """Return the top level of a document: the modelled fields, and every other number, text and boolean."""
    try:
        _, said = _read(path)
        return BenchResult(
            name=path.stem, **_modelled(said), more={key: value for key, value in said.items() if _is_plain(key, value)}
        )
    except (OSError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        return BenchResult(name=path.stem, problem=_why(error))


def _modelled(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said[key] for key in MODELLED if said.get(key) is not None}


def _is_plain(key: str, value: object) -> bool:
    return key not in (*MODELLED, "name") and isinstance(value, str | int | float | bool)


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Return a file and its parsed content. Raises ValueError if it is not an object, or too large for a result."""
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"it has {size} bytes; a result has at most {MOST_BYTES}")
    body = path.read_bytes()
    said = orjson.loads(body)
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")
    return body, said


def _why(error: Exception) -> str:
    """Return the reason in one line, without the path, which means nothing to a remote caller."""
    text = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((text or type(error).__name__).split())[:300]
