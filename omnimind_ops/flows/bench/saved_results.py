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


def check_name(name: str) -> str:
    """Return the name; raise Problem (64) if it could lead out of the folder."""
    if not re.fullmatch(NAME, name):
        raise Problem(
            "cannot save under that name",
            f"{name!r} is not a valid name",
            "use letters, digits and . _ + -; start with a letter or digit",
            code=ExitCode.USAGE,
        )
    return name


def folder(world: World | None, paths: Paths, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of saved results: beside the data of this machine's system, or in its default place."""
    if world is not None:
        return world.state / "bench"
    state = home.place(environment).state
    # Root without a system is about to migrate: the native system later displays what is measured now.
    return (paths.state if state == home.FOR_ROOT and not state.exists() else state) / "bench"


def save(folder_of_results: Path, document: Mapping[str, JSON]) -> Path:
    """Write the result atomically; replace one with the same name."""
    path = folder_of_results / f"{document['name']}.json"
    partial = folder_of_results / f".{document['name']}.part"
    try:
        folder_of_results.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as error:
        raise Problem(
            "cannot save the result",
            f"{path}: {error.strerror}",
            "run it as the user who owns the system; on a native system: sudo omnimind bench …",
        ) from error
    return path


def load(name: str, *folders: Path) -> dict[str, Any]:
    """Return a saved result by its name, or by its path if it contains a slash."""
    paths = (
        [Path(name)]
        if "/" in name
        else [folder_of_results / f"{check_name(name)}.json" for folder_of_results in folders]
    )
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise Problem("cannot read the baseline", f"{path}: {error}", "measure it again with --save") from error
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise Problem(
                "cannot read the baseline", f"{path} is not a result of schema {SCHEMA}", "measure it again with --save"
            )
        return document
    saved = sorted({path.stem for folder_of_results in folders for path in folder_of_results.glob("*.json")})
    raise Problem(
        "cannot find the baseline",
        f"there is no {' or '.join(map(str, paths))}",
        f"saved results: {', '.join(saved)}" if saved else "measure it first: omnimind bench … --save NAME",
    )
