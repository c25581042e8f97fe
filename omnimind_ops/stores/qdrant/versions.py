"""Versions of Qdrant that may open data of another version: the same or the next minor version, never an older one
(upstream's upgrade guide).
"""

from __future__ import annotations

import re

from omnimind_ops.model.problem import Problem

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


def parse(version: str) -> tuple[int, int, int] | None:
    """Return major, minor and patch; None when the text is not a version."""
    found = _VERSION.match(version.strip())
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def version_problem(source: str, target: str) -> Problem | None:
    """Return why `target` may not open storage or snapshots that `source` wrote; None when it may."""
    what = f"cannot give data of Qdrant {source or '(unknown)'} to Qdrant {target or '(unknown)'}"
    was, now = parse(source), parse(target)
    if was is None or now is None:
        return Problem(
            what,
            "a version is not known",
            "ask the old server (GET /) and note it beside the backup; use exactly that version",
        )
    if now < was:
        return Problem(
            what, "an older version does not open what a newer one wrote", f"use {source}, the version that wrote it"
        )
    if now[0] != was[0] or now[1] > was[1] + 1:
        return Problem(
            what,
            "data may skip no minor version",
            f"start with {source}, then go up one minor version at a time ({was[0]}.{was[1] + 1} next), letting each load everything",
        )
    return None
