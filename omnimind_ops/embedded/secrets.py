"""Generated passwords of an embedded system: created once, in one file that only its owner can read, never on a command
line.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from omnimind_ops.model.problem import Problem

BYTES = 24  # 192 bits; URL-safe text, usable in a DSN


@dataclass(frozen=True)
class Secrets:
    """One password or key per store."""

    postgres: str = field(repr=False)
    redis: str = field(repr=False)
    qdrant: str = field(repr=False)


def read(file: Path) -> Secrets:
    """Return the secrets; a file that is missing, incomplete or readable by others is a Problem."""
    try:
        if file.stat().st_mode & 0o077:
            raise Problem("cannot use the passwords", f"others may read {file}", f"chmod 0600 {file}")
        return Secrets(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise Problem(
            "cannot read the passwords", f"{file}: {error}", "start anew without the old data: omnimind up --fresh"
        ) from error


def make(file: Path) -> Secrets:
    """Return the secrets; create them if there are none. Existing ones keep their value."""
    if file.exists():
        return read(file)
    made = Secrets(*(secrets.token_urlsafe(BYTES) for _ in range(3)))
    write(file, json.dumps(asdict(made)) + "\n")
    return made


def write(file: Path, text: str) -> bool:
    """Write text atomically to a file that only its owner can read; return whether it changed."""
    try:
        if file.read_text() == text and not file.stat().st_mode & 0o077:
            return False
    except OSError:
        pass
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as whole:
        whole.write(text)
        whole.flush()
        os.fsync(handle)
    beside.replace(file)
    return True
