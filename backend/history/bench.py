"""Saved results of `omnimind bench`: one JSON document for each file of a folder.

They are passed on as they are; a list shows their first level.
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
"""Of a result: nothing that leads out of the folder, nothing hidden."""
MOST_FILES = 500
MOST_BYTES = 16 * 1024 * 1024
MODELLED = ("case", "made", "device", "settings", "total", "interrupted")


def listed(folder: Path) -> list[BenchResult]:
    """Return the newest results, newest first; one that cannot be read says why.

    A folder that is not there has none.
    """
    found = sorted(_files(folder), key=lambda one: one[0], reverse=True)[:MOST_FILES]
    results = [_result(path) for _, path in found]
    return sorted(results, key=lambda one: one.made, reverse=True)


def document(folder: Path, name: str) -> bytes:
    """Return one document, byte by byte; ApiProblem 404 when there is none, 409 when it is broken."""
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
        return  # not there, or not ours to read: no results


def _result(path: Path) -> BenchResult:
    """Return the first level of a document: what is modelled, and beside it every number, text and truth value."""
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
    """Return a file and what it says; ValueError for one that is no object, or larger than any result."""
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"it has {size} bytes; a result has at most {MOST_BYTES}")
    body = path.read_bytes()
    said = orjson.loads(body)
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")
    return body, said


def _why(error: Exception) -> str:
    """Return one line; a path says nothing to who cannot reach it."""
    text = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((text or type(error).__name__).split())[:300]
