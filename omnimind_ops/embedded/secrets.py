"""Generated passwords of an embedded system: created once, in one file that only its owner can read, never on a command
line.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from omnimind_ops.model.problem import Problem

BYTES = 24  # 192 bits; URL-safe text, usable in a DSN
_FIX = "put the file back from a backup, or start anew beside the old data: omnimind up --fresh"


@dataclass(frozen=True)
class Secrets:
    """One password or key per store.

    `postgres` is that of the services' role, `superuser` that of the cluster's. The latter is "" for a cluster that an
    earlier version made: there the services' role is the superuser.
    """

    postgres: str = field(repr=False)
    redis: str = field(repr=False)
    qdrant: str = field(repr=False)
    superuser: str = field(default="", repr=False)


def read(file: Path) -> Secrets:
    """Return the secrets; a file that is missing, incomplete or readable by others is a Problem."""
    try:
        if file.stat().st_mode & 0o077:
            raise Problem("cannot use the passwords", f"others may read {file}", f"chmod 0600 {file}")
        return Secrets(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise Problem("cannot read the passwords", f"{file}: {error}", _FIX) from error


def make(file: Path, data: Path) -> Secrets:
    """Return the secrets; create them if there are none. Existing ones keep their value.

    `data` is a folder that needs the old ones. If it is there and they are not, new ones would lock its data up.
    """
    if data.exists() and not file.exists():
        raise Problem("cannot find the passwords", f"{file} is gone, and the data in {data} needs them", _FIX)
    kept = read(file) if file.exists() else None
    if kept and (kept.superuser or data.exists()):
        return kept
    made = Secrets(*(secrets.token_urlsafe(BYTES) for _ in fields(Secrets)))
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
