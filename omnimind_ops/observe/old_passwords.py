"""Passwords of the old stores: as their containers are configured, or as omnimind was given them.

A password that omnimind was given is kept in a file of root's until `finish`: a run may go on, or be undone, after a
reboot. The journal has neither. docs/decisions/040-stacks-of-other-shapes.md
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import qdrant_config, redis_config
from omnimind_ops.paths import Paths


class Store(StrEnum):
    """A store with a password; the value is the name of its file."""

    REDIS = "redis-of-docker.password"
    QDRANT = "qdrant-of-docker.key"


def path_of(store: Store, paths: Paths | None = None) -> Path:
    """Return the file of a password that omnimind was given."""
    return (paths or Paths()).secrets / store


def kept(store: Store, paths: Paths | None = None) -> str | None:
    """Return the password that omnimind was given, "" if the server wants none; None if it was given nothing."""
    try:
        return path_of(store, paths).read_text(encoding="utf-8").removesuffix("\n")
    except FileNotFoundError:
        return None


def redis_password(container: Container) -> str:
    """Return the password of a Redis, "" for none."""
    given = kept(Store.REDIS)
    return redis_config.password(container) if given is None else given


def qdrant_key(container: Container) -> str:
    """Return the API key of a Qdrant, "" for none."""
    given = kept(Store.QDRANT)
    return qdrant_config.api_key(container) if given is None else given
