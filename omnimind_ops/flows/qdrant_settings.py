"""The settings of an old Qdrant: from its environment and from the configuration files mounted into it."""

from __future__ import annotations

from omnimind_ops.model.facts import Container
from omnimind_ops.observe import qdrant_config
from omnimind_ops.stores.qdrant.carried import carried_settings


def settings_of(container: Container) -> tuple[str, ...]:
    """Return the settings to carry, as "storage.wal.wal_capacity_mb=64". Raise Problem for a file that is not YAML."""
    return carried_settings(qdrant_config.environment(container), qdrant_config.documents(container))
