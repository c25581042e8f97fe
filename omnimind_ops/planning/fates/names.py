"""The fate of names by which containers reach each other, and of clients in other projects. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.model.facts import Container
from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.planning.fates.stack import Stack, service_of

SHARED = ("bridge", "host", "none", "")
"""Networks that belong to no project: no names are answered there."""


def name_items(stack: Stack) -> Iterator[Item]:
    """Yield every name of every container on each of its networks."""
    for container in stack.project.containers:
        if container.oneoff:
            continue
        for network, names in names_of(container).items():
            fate, to, why = _fate(stack, container, network)
            for name in names:
                shown = f"{name} (network {network})"
                yield Item(Kind.NAME, service_of(container), shown, fate, to, why=why, container=container.name)


def names_of(container: Container) -> dict[str, tuple[str, ...]]:
    """Return the names of a container by network; one that is stopped has no aliases, but its service's name."""
    service = (container.service,) if container.service else ()
    return {
        network: tuple(sorted({*container.aliases.get(network, ()), *service}))
        for network in container.networks
        if network not in SHARED
    }


def _fate(stack: Stack, container: Container, network: str) -> tuple[Fate, str, str]:
    if stack.stays(container):
        return Fate.BESIDE, "", ""
    if answer := stack.answered.get(container.service, ""):
        return Fate.REPLACED, answer, "it is still answered on this network"
    users = [
        service_of(other)
        for other in (*stack.project.containers, *stack.others)
        if other.running and stack.stays(other) and network in other.networks
    ]
    if users:
        return Fate.LOST, "", f"{', '.join(sorted(set(users)))} on this network cannot reach it any more"
    return Fate.UNNEEDED, "", "nothing that keeps running uses it; native services connect on 127.0.0.1"


def client_items(stack: Stack) -> Iterator[Item]:
    """Yield the containers of other projects on the networks of the containers that stop."""
    stopping = [c for c in stack.project.containers if not stack.stays(c) and not c.oneoff]
    for other in stack.others:
        reached = [c for c in stopping if other.running and set(c.networks) & set(other.networks) - set(SHARED)]
        if not reached:
            continue
        lost = sorted({service_of(c) for c in reached if c.service not in stack.answered})
        names = ", ".join(lost or sorted({service_of(c) for c in reached}))
        fate = Fate.LOST if lost else Fate.BESIDE
        why = f"it may use {names} by name, which nobody answers after the cutover" if lost else f"reaches {names}"
        service = f"{other.project or 'no project'}: {service_of(other)}"
        yield Item(Kind.CLIENT, service, other.name, fate, why=why, container=other.name)
