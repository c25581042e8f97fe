"""Ports as the containers published them: the native services take the same ones. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omnimind_ops.model import listen
from omnimind_ops.model.facts import Container, Publish
from omnimind_ops.model.goal import Goal
from omnimind_ops.settings import Settings

PORT = {"backend": 8000, "frontend": 80, "qdrant": 6333, "redis": 6379, "postgres": 5432}
"""The port that a role's image listens on by itself."""
GRPC = 6334
ByRole = Mapping[str, Sequence[Container]]


def inner_port(role: str, container: Container) -> int:
    """Return the port inside the container that the native service stands for."""
    if container.inner_port:
        return container.inner_port
    inside = [publish.container_port for publish in container.ports if publish.protocol == "tcp"]
    usual = PORT[role]
    return usual if usual in inside or role not in ("backend", "frontend") or not inside else inside[0]


def published(role: str, containers: Iterable[Container]) -> tuple[Publish, ...]:
    """Return the published addresses of the role's own port, by host port."""
    found = (
        publish
        for container in containers
        for publish in container.ports
        if publish.protocol == "tcp" and publish.container_port == inner_port(role, container)
    )
    return tuple(sorted(dict.fromkeys(found), key=lambda publish: publish.host_port))


def host_ports(role: str, by_role: ByRole) -> tuple[int, ...]:
    """Return the host ports of the role's own port."""
    return tuple(dict.fromkeys(publish.host_port for publish in published(role, by_role.get(role, ()))))


def as_published(settings: Settings, by_role: ByRole) -> Settings:
    """Return the settings with the ports that the containers published; those that the user set stay."""
    ports: dict[str, Any] = {}
    for role in ("frontend", "qdrant", "redis"):
        name, found = f"{role}_port", host_ports(role, by_role)
        if found and name not in settings.named:
            ports[name] = found[0]
    settings = replace(settings, **ports)
    taken = {publish.host_port for role in by_role for publish in published(role, by_role[role])}
    if "backend_ports" not in settings.named:
        own = host_ports("backend", by_role)
        others = taken | {settings.frontend_port, settings.qdrant_port, settings.redis_port, settings.postgres_port}
        spare = [port for port in settings.backend_ports[len(own) :] if port not in own and port not in others]
        settings = replace(settings, backend_ports=(*own, *spare) or settings.backend_ports)
    return _page_elsewhere(settings)


def _page_elsewhere(settings: Settings) -> Settings:
    """Return the settings with another page port if nobody chose it and a backend has it."""
    if "frontend_port" in settings.named or settings.frontend_port not in settings.backend_ports:
        return settings
    free = (port for port in range(settings.frontend_port + 1, 65536) if port not in settings.ports)
    return replace(settings, frontend_port=next(free))


def grpc_port(container: Container | None) -> int:
    """Return the host port of Qdrant's gRPC, 0 if it was not published."""
    if container is None:
        return 0
    given = container.env.get("QDRANT__SERVICE__GRPC_PORT", "")
    inside = int(given) if given.isdigit() else GRPC
    found = (p.host_port for p in container.ports if p.protocol == "tcp" and p.container_port == inside)
    return next(found, 0)


def open_to_the_network(goal: Goal, by_role: ByRole) -> tuple[str, ...]:
    """Return what of the native services' ports was open to other hosts: entries for a Goal's `listen`."""
    return listen.names(sorted(_published_natively(goal, by_role)))


def _published_natively(goal: Goal, by_role: ByRole) -> Iterator[tuple[str, int]]:
    native: dict[str, Collection[int]] = {
        "backend": goal.backend_ports,
        "frontend": (goal.frontend_port,),
        "qdrant": (goal.qdrant_port, goal.qdrant_grpc_port),
        "redis": (goal.redis_port,),
    }
    for role, ports in native.items():
        for container in by_role.get(role, ()):
            for publish in container.ports:
                one = publish.host_ip in ("", listen.ANY, listen.ANY6) or role != "qdrant"
                if publish.protocol == "tcp" and publish.host_port in ports and one:
                    yield publish.host_ip, publish.host_port
