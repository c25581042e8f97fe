"""Snapshot store: files in `<snapshots>/<collection>/`, `…/shards/N/`, full ones at the top; each with a checksum."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen
from uuid import uuid4

from omnimind_ops.embedded.qdrant.errors import ApiError, bad_request, not_found, wrong_input

FETCH_SECONDS = 60


class Shelf:
    """The snapshots directory."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.scratch = self.path / "tmp"
        self.scratch.mkdir(parents=True, exist_ok=True)
        for left in self.scratch.glob("*.part*"):
            left.unlink()

    def place(self, collection: str | None = None, shard: int | None = None) -> Path:
        """Return the directory for the snapshots of a collection, of one of its shards, or of everything."""
        if collection is None:
            return self.path
        return self.path / collection if shard is None else self.path / collection / "shards" / str(shard)

    def part(self) -> Path:
        """Return the path of a new temporary file."""
        return self.scratch / f"{uuid4()}.part"

    def add(self, place: Path, name: str, write: Callable[[Path], None]) -> dict[str, Any]:
        """Write a snapshot to a temporary file, compute its checksum, move it into place; return its description."""
        part = self.part()
        try:
            write(part)
            digest = sha256(part)
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.checksum").write_text(digest, encoding="ascii")
            part.rename(place / name)
        finally:
            part.unlink(missing_ok=True)
        return describe(place / name)

    def list(self, place: Path) -> list[dict[str, Any]]:
        """Return the descriptions of all snapshots in a directory, oldest first."""
        return [describe(file) for file in sorted(place.glob("*.snapshot")) if file.is_file()]

    def find(self, place: Path, name: str) -> Path:
        """Return the file of a snapshot; 404 when it does not exist."""
        path = place / name
        if "/" in name or name.startswith(".") or not name.endswith(".snapshot") or not path.is_file():
            raise not_found(f"Snapshot {name} not found")
        return path

    def remove(self, place: Path, name: str) -> None:
        """Delete a snapshot and its checksum."""
        path = self.find(place, name)
        path.unlink()
        path.with_name(f"{name}.checksum").unlink(missing_ok=True)

    def located(self, location: str) -> Path:
        """Return the file of a `file://` location; it must be inside the snapshots directory, as in 1.17.1 and
        later.
        """
        path = Path(unquote(urlsplit(location).path)).resolve()
        if not path.is_file():
            raise bad_request(f'Snapshot file "{path}" does not exist')
        if not path.is_relative_to(self.path.resolve()):
            raise ApiError(403, f'Forbidden: Snapshot file path must be inside the snapshots directory "{self.path}"')
        return path

    def fetched(self, location: str, part: Path) -> Path:
        """Return `part` with the file downloaded from a `http://` or `https://` location."""
        try:
            # The caller has checked the scheme.
            with urlopen(location, timeout=FETCH_SECONDS) as answer, part.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
        except HTTPError as error:
            raise bad_request(f"Failed to download snapshot from {location}: status - {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            text = f"Http request error: error sending request for url ({location})"
            raise ApiError(500, f"Service internal error: {text}") from error
        return part


def stamp(prefix: str, now: datetime | None = None) -> str:
    """Return the name of a new snapshot; one from the same second is overwritten, as in the real server."""
    return f"{prefix}-{(now or datetime.now(UTC)).strftime('%Y-%m-%d-%H-%M-%S')}.snapshot"


def describe(file: Path) -> dict[str, Any]:
    """Return name, size, time and checksum of a snapshot."""
    facts = file.stat()
    checksum = file.with_name(f"{file.name}.checksum")
    made = datetime.fromtimestamp(int(facts.st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    known = checksum.read_text(encoding="ascii").strip() if checksum.exists() else None
    return {"name": file.name, "creation_time": made, "size": facts.st_size, "checksum": known}


def sha256(path: Path) -> str:
    """Return the checksum of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, expected: str | None) -> None:
    """Raise an error unless the file has the expected checksum."""
    if expected and (result := sha256(path)) != expected.strip().lower():
        raise wrong_input(f"Snapshot checksum mismatch: expected {expected}, got {result}")
