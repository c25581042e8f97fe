"""Stack: what the fates are derived from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.model.goal import Goal
from omnimind_ops.planning.source import Source


@dataclass(frozen=True)
class Stack:
    """A project, and what is planned for it.

    `roles`: the role of each container that a native service replaces, by ID. `others`: the containers of other
    projects, and of none. `image_environments`: the variables that images set by themselves, by
    ID.
    `sizes`: bytes by path. `files`: mounted paths that are no folders. `links`: mounted paths that are links, and
    where they lead. `answered`: the services whose names are still
    answered on the project's networks, and by what.
    """

    project: Project
    source: Source
    goal: Goal
    roles: Mapping[str, str]
    others: tuple[Container, ...] = ()
    image_environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    sizes: Mapping[str, int] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, str] = field(default_factory=dict)

    @property
    def stopping(self) -> frozenset[str]:
        """Return the containers that the cutover stops, by ID."""
        return frozenset((*self.source.writers, *self.source.holders))

    def stays(self, container: Container) -> bool:
        """Return whether the container keeps running beside the native services."""
        return container.id not in self.stopping

    def role(self, container: Container) -> str:
        """Return the role of a container that a native service replaces, "" for none."""
        return "" if self.stays(container) or container.oneoff else self.roles.get(container.id, "")


def service_of(container: Container) -> str:
    """Return the Compose service, or the container's name if Compose did not make it."""
    return container.service or container.name
