"""The fate of each container. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.facts import Container
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.planning.fates.stack import Stack, service_of


def container_items(stack: Stack) -> Iterator[Item]:
    """Yield every container of the project; those that a native service replaces come first."""
    for container in sorted(stack.project.containers, key=lambda c: not stack.role(c)):
        fate, to, why = _fate(stack, container)
        yield Item(Kind.CONTAINER, service_of(container), container.name, fate, to, why=why, container=container.name)


def _fate(stack: Stack, container: Container) -> tuple[Fate, str, str]:
    if stack.stays(container):
        return Fate.BESIDE, "", "its ports, data and restart policy stay as they are"
    role = stack.role(container)
    if role == "postgres":
        return Fate.STOPPED, "", "PostgreSQL's data is not moved: the native server starts empty; pg_dump it"
    if role:
        return Fate.REPLACED, native(stack, role), replaced(role, container)
    if not container.running:
        return Fate.STOPPED, "", f"it is not running ({container.state or 'stopped'})"
    return Fate.STOPPED, "", "nothing native does its work"


def native(stack: Stack, role: str) -> str:
    """Return what does the work of a role."""
    source = stack.source
    match role:
        case "qdrant":
            version = source.qdrant.version if source.qdrant else ""
            return f"qdrant.service, Qdrant {version}".rstrip(" ")
        case "redis":
            version = source.redis.target_version if source.redis else ""
            return f"redis-server.service, Redis {version}".rstrip(" ")
        case "backend":
            return "OmniMind's own backend"
        case "frontend":
            return "OmniMind's own page"
        case _:
            return ""


def replaced(role: str, container: Container) -> str:
    """Return what a person must know of a replaced container."""
    return f"your image {container.image} does not run any more" if role in ("backend", "frontend") else ""
