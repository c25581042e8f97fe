"""Versions of Qdrant that may open data of another version: the same or the next minor version, never an older one
(upstream's upgrade guide).
"""

from __future__ import annotations

import re

from omnimind_ops.model.problem import Problem

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


def parse_version(version: str) -> tuple[int, int, int] | None:
    """Return major, minor and patch; None when the text is not a version."""
    match = _VERSION.match(version.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def version_problem(source: str, target: str) -> Problem | None:
    """Return why `target` may not open storage or snapshots that `source` wrote; None when it may."""
    action = f"cannot load data of Qdrant {source or '(unknown)'} into Qdrant {target or '(unknown)'}"
    written, serving = parse_version(source), parse_version(target)
    if written is None or serving is None:
        return Problem(
            action,
            f"the version that {'wrote the data' if written is None else 'would load them'} is unknown",
            "read the version of the old server (GET /) and use exactly that version",
        )
    if serving < written:
        return Problem(
            action, "an older version cannot open data of a newer one", f"use {source}, the version that wrote the data"
        )
    if serving[0] != written[0] or serving[1] > written[1] + 1:
        return Problem(
            action,
            "an upgrade cannot skip a minor version",
            f"start with {source}, then upgrade one minor version at a time ({written[0]}.{written[1] + 1} next), and "
            "let each version load all collections",
        )
    return None
