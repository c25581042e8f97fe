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
MAX_FILES = 500
MAX_BYTES = 16 * 1024 * 1024
MODELLED = ("case", "made", "device", "settings", "total", "interrupted")


def list_results(folder: Path) -> list[BenchResult]:
    """Return the newest results, newest first. A result that cannot be read carries the reason.

    A missing folder has no results.
    """
    newest = sorted(_files(folder), key=lambda entry: entry[0], reverse=True)[:MAX_FILES]
    results = [_result(path) for _, path in newest]
    return sorted(results, key=lambda result: result.made, reverse=True)


def document(folder: Path, name: str) -> bytes:
    """Return one document unchanged. Raises ApiProblem 404 if it does not exist, 409 if it is broken."""
    if not re.fullmatch(NAME, name):
        raise _not_found(name)
    try:
        return _read(folder / f"{name}.json")[0]
    except FileNotFoundError as error:
        raise _not_found(name) from error
    except (OSError, ValueError) as error:
        raise ApiProblem(
            409, "the result cannot be read", _reason(error), fix=f"measure again, or delete {name}.json"
        ) from error


def _not_found(name: str) -> ApiProblem:
    return ApiProblem(
        404,
        "no such result",
        f"there is no result {name!r}",
        fix="list the results: GET /bench; create one: omnimind bench",
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
        _, content = _read(path)
        return BenchResult(
            name=path.stem,
            **_modelled(content),
            more={key: value for key, value in content.items() if _is_plain(key, value)},
        )
    except (OSError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        return BenchResult(name=path.stem, problem=_reason(error))


def _modelled(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in MODELLED if content.get(key) is not None}


def _is_plain(key: str, value: object) -> bool:
    return key not in (*MODELLED, "name") and isinstance(value, str | int | float | bool)


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Return a file and its parsed content. Raises ValueError if it is not an object, or too large for a result."""
    if (size := path.stat().st_size) > MAX_BYTES:
        raise ValueError(f"it has {size} bytes; a result has at most {MAX_BYTES}")
    body = path.read_bytes()
    content = orjson.loads(body)
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    return body, content


def _reason(error: Exception) -> str:
    """Return the reason in one line, without the path, which means nothing to a remote caller."""
    text = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((text or type(error).__name__).split())[:300]
