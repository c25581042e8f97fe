"""The fate of each published port, with its address before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model import listen
from omnimind_ops.model.facts import Container, Publish
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.model.goal import Goal
from omnimind_ops.planning.fates.stack import Stack, service_of
from omnimind_ops.planning.published import inner_port

CLOSED = "closed to other hosts"
ALONE = "closed to other hosts: Qdrant listens on one address"


def port_items(stack: Stack) -> Iterator[Item]:
    """Yield every published address; a container that stopped keeps the ports that it would publish."""
    for container in stack.project.containers:
        for publish in dict.fromkeys(container.ports):
            fate, to, why = _fate(stack, container, publish)
            yield Item(
                Kind.PORT, service_of(container), port_name(publish), fate, to, why=why, container=container.name
            )


def port_name(publish: Publish) -> str:
    """Return "0.0.0.0:9000 → 8000/tcp"."""
    inside = f"{publish.container_port}/{publish.protocol}"
    return f"{listen.shown(publish.host_ip or listen.ANY, publish.host_port)} → {inside}"


def native_ports(goal: Goal, role: str) -> tuple[int, ...]:
    """Return the ports of the native services that do the work of a role."""
    ports = {
        "backend": goal.backend_ports,
        "frontend": (goal.frontend_port,),
        "qdrant": (goal.qdrant_port,),
        "redis": (goal.redis_port,),
    }
    return ports.get(role, ())


def _fate(stack: Stack, container: Container, publish: Publish) -> tuple[Fate, str, str]:
    if stack.stays(container):
        return Fate.BESIDE, listen.shown(publish.host_ip or listen.ANY, publish.host_port), ""
    role = stack.role(container)
    if role == "postgres":
        empty = listen.shown(listen.LOOPBACK, stack.goal.postgres_port)
        return Fate.LOST, "", f"PostgreSQL's data is not moved; an empty server answers on {empty}"
    if not role:
        return Fate.LOST, "", "its container is stopped, and nothing native answers there"
    is_main = publish.protocol == "tcp" and publish.container_port == inner_port(role, container)
    if not is_main and not (role == "qdrant" and publish.host_port == stack.goal.qdrant_grpc_port):
        return Fate.LOST, "", f"only port {inner_port(role, container)} of {role} has a native counterpart"
    ports = (*native_ports(stack.goal, role), *((stack.goal.qdrant_grpc_port,) if role == "qdrant" else ()))
    if publish.host_port not in ports:
        other = listen.shown(listen.LOOPBACK, ports[0])
        return Fate.REPLACED, other, "the settings name another port"
    return _same_port(stack.goal, role, publish)


def _same_port(goal: Goal, role: str, publish: Publish) -> tuple[Fate, str, str]:
    """Return the fate of a port that a native service has: on the same address, or on the loopback one only."""
    before = publish.host_ip or listen.ANY
    is_alone = role == "qdrant" and before not in (listen.ANY, listen.ANY6)
    if listen.answers(goal, before, publish.host_port):
        return Fate.MOVED, listen.shown(before, publish.host_port), ""
    return Fate.MOVED, listen.shown(listen.LOOPBACK, publish.host_port), ALONE if is_alone else CLOSED
