"""The state of a wheelhouse: its wheels and its manifest; and OmniMind's locks, which it must satisfy."""

from __future__ import annotations

import json
from pathlib import Path

from omnimind_ops.model.wheelhouse import MANIFEST, Pin, Wheelhouse
from omnimind_ops.paths import data
from omnimind_ops.tools import lock_file


def wheelhouse(folder: str) -> Wheelhouse:
    """Return the content of a folder. It never raises: `trouble` says why the folder cannot be read."""
    directory = Path(folder)
    if not directory.is_dir():
        return Wheelhouse(folder, "there is no such folder")
    try:
        wheels = tuple((path.name, path.stat().st_size) for path in sorted(directory.glob("*.whl")))
        manifest = (
            json.loads((directory / MANIFEST).read_text(encoding="utf-8")) if (directory / MANIFEST).exists() else {}
        )
        sizes = tuple((str(entry["name"]), int(entry["size"])) for entry in manifest.get("files", ()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Wheelhouse(folder, f"{type(error).__name__}: {error}")
    made_for = (
        f"Python {manifest['python']}, glibc {manifest['glibc']}, lock {manifest['lock']}"
        if {"python", "glibc", "lock"} <= manifest.keys()
        else ""
    )
    return Wheelhouse(folder, "" if wheels else "there is no wheel in it", wheels, sizes, made_for)


def pins(*locks: str) -> tuple[Pin, ...]:
    """Return the requirements of OmniMind's locks (cpu, cu12, cu13, model, cli), each once."""
    return tuple(
        {
            pin: None
            for lock in locks
            for pin in lock_file.parse((data("locks") / f"{lock}.txt").read_text(encoding="utf-8"))
        }
    )
