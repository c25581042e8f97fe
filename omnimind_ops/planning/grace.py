"""How long a container may take to end after SIGTERM, before it is killed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from omnimind_ops.model.facts import Container

ENGINE_SECONDS = 10
"""The engine's own default."""
STORE_SECONDS = 60
"""For a store whose owner did not say: a store that is killed was not asked to write its data first."""


def graces(containers: Iterable[Container], stores: Collection[str]) -> dict[str, int]:
    """Return seconds by container ID: its own, else the default; `stores` are the IDs of those that hold data."""
    return {
        container.id: container.grace(STORE_SECONDS if container.id in stores else ENGINE_SECONDS)
        for container in containers
    }
