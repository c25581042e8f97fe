"""The settings of an old Qdrant: from its environment and from the configuration files mounted into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import yaml

from omnimind_ops.model.facts import Container
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.carried import carried_settings

FILES = tuple(PurePosixPath("/qdrant/config") / name for name in ("config.yaml", "production.yaml", "local.yaml"))
"""In the order in which Qdrant reads them; the image runs in the mode `production`."""


def settings_of(container: Container) -> tuple[str, ...]:
    """Return the settings to carry, as "storage.wal.wal_capacity_mb=64". Raise Problem for a file that is not YAML."""
    return carried_settings(container.env, _documents(container))


def _documents(container: Container) -> Iterator[Mapping[str, JSON]]:
    for file in FILES:
        path = _on_host(container, file)
        if not path or not path.is_file():
            continue
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Problem(
                f"cannot read Qdrant's settings in {path}",
                str(error),
                "correct the file, then run the same command again",
            ) from error
        if isinstance(document, dict):
            yield document


def _on_host(container: Container, file: PurePosixPath) -> Path | None:
    """Return the path of a container's file on this host; None if it is part of the image."""
    for mount in sorted(container.mounts, key=lambda mount: -len(mount.target)):
        if file == PurePosixPath(mount.target) or PurePosixPath(mount.target) in file.parents:
            return Path(mount.source) / file.relative_to(mount.target)
    return None
