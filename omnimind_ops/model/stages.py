"""The roles of a host, their stages, and the order in which they run: install all, configure all, activate."""

from __future__ import annotations

from collections.abc import Iterable

STAGES = ("install", "configure", "activate")
"""install and configure start and enable nothing; activate does."""
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

Role units depends on all the others: its activate is when the native services take over the ports.
"""
EARLY = ("postgres", "engine")
"""These use no port and no data of a container, so they are started, and become ready, before the cutover."""


def prepared(roles: Iterable[str] = tuple(ROLES)) -> list[tuple[str, str]]:
    """Return every (role, stage) that installs or configures and starts nothing, in order."""
    some = tuple(roles)
    return [(role, stage) for stage in STAGES[:2] for role in some if stage in ROLES[role]]
