"""The ports on which the stores of a project listen inside their containers, by their configuration."""

from __future__ import annotations

from dataclasses import replace

from omnimind_ops.model.facts import Container, Project
from omnimind_ops.observe import qdrant_config, redis_config
from omnimind_ops.tools.images import role_of

PORTS = {"redis": redis_config.port, "qdrant": qdrant_config.port}


def with_inner_ports(project: Project) -> Project:
    """Return the project, its stores with the ports on which they listen inside."""
    return replace(project, containers=tuple(_with_port(project.name, container) for container in project.containers))


def _with_port(project: str, container: Container) -> Container:
    read = PORTS.get(role_of(container.service, container.image, project))
    return replace(container, inner_port=read(container)) if read else container
