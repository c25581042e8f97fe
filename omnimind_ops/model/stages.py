"""The roles of a host, the stages that each of them has, and the order in which they are run: install all, configure
all, activate.
"""

from __future__ import annotations

from collections.abc import Iterable

STAGES = ("install", "configure", "activate")
"""install and configure start nothing and enable nothing; activate does."""
ROLES = {
    "base": ("install", "configure"),
    "packages": ("install",),
    "postgres": ("configure", "activate"),
    "redis": ("configure",),
    "qdrant": ("install", "configure"),
    "engine": ("install", "configure", "activate"),
    "backend": ("configure",),
    "frontend": ("configure",),
    "guard": ("configure",),
    "units": ("configure", "activate"),
}
"""Stages by role.

Role units ties all the others together: its activate is the moment in which native services take over the ports.
"""
EARLY = ("postgres", "engine")
"""Take no port and no data of a container, so they are started, and get ready, before the cutover."""


def prepared(roles: Iterable[str] = tuple(ROLES)) -> list[tuple[str, str]]:
    """Return every (role, stage) that puts things in their place and starts nothing, in order."""
    some = tuple(roles)
    return [(role, stage) for stage in STAGES[:2] for role in some if stage in ROLES[role]]
