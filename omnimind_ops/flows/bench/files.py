"""Saved results: NAME.json in the system's folder bench, readable by the backend that displays them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omnimind_ops.bench.document import SCHEMA
from omnimind_ops.embedded import home
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}"
"""The same pattern as in backend/history/bench.py."""


def checked(name: str) -> str:
    """Return the name; raise Problem (64) if it could lead out of the folder."""
    if not re.fullmatch(NAME, name):
        raise Problem(
            "cannot save under that name",
            f"{name!r} is no name for a file of results",
            "use letters, digits and . _ + -, a letter or digit first",
            code=ExitCode.USAGE,
        )
    return name


def folder(world: World | None, paths: Paths, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of saved results: beside the data of this machine's system, or in its default place."""
    if world is not None:
        return world.state / "bench"
    place = home.place(environment).state
    # Root without a system is about to migrate: the native system later displays what is measured now.
    return (paths.state if place == home.FOR_ROOT and not place.exists() else place) / "bench"


def save(place: Path, document: Mapping[str, JSON]) -> Path:
    """Write the result atomically; replace one with the same name."""
    path = place / f"{document['name']}.json"
    partial = place / f".{document['name']}.part"
    try:
        place.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise Problem(
            "cannot save the result",
            f"{path}: {error.strerror}",
            "run it as the user whose system this is; natively: sudo omnimind bench …",
        ) from error
    return path


def load(name: str, *places: Path) -> dict[str, Any]:
    """Return a saved result by its name, or by its path if it contains a slash."""
    tried = [Path(name)] if "/" in name else [place / f"{checked(name)}.json" for place in places]
    for path in tried:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise Problem("cannot read the baseline", f"{path}: {error}", "measure it again with --save") from error
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise Problem(
                "cannot read the baseline", f"{path} is no result of schema {SCHEMA}", "measure it again with --save"
            )
        return found
    known = sorted({path.stem for place in places for path in place.glob("*.json")})
    raise Problem(
        "cannot find the baseline",
        f"there is no {' or '.join(map(str, tried))}",
        f"saved are: {', '.join(known)}" if known else "measure it first: omnimind bench … --save NAME",
    )
