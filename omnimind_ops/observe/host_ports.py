"""Containers on the host's own network publish nothing: their ports are those on which their processes listen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from omnimind_ops.model.facts import Container, Publish
from omnimind_ops.observe import text
from omnimind_ops.observe.ports import socket_owners
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.listening import listeners

PROC = Path("/proc")


def is_on_host(container: Container) -> bool:
    """Return whether a running container uses the host's own network."""
    return container.network_mode == "host" and container.running


def with_host_ports(containers: Iterable[Container], proc: Path = PROC) -> tuple[Container, ...]:
    """Return the containers; those on the host's network with the ports on which their processes listen."""
    containers = tuple(containers)
    if not any(map(is_on_host, containers)):
        return containers
    ports = _ports_by_container(proc)
    return tuple(
        replace(container, ports=tuple(sorted(ports[container.id], key=lambda port: (port.host_port, port.host_ip))))
        if is_on_host(container)
        else container
        for container in containers
    )


def _ports_by_container(proc: Path) -> defaultdict[str, set[Publish]]:
    found = listeners(proc)
    owners = socket_owners({listener.inode for listener in found}, proc)
    ports: defaultdict[str, set[Publish]] = defaultdict(set)
    inside = {pid: systemctl.containers_of(text.read(proc / str(pid) / "cgroup")) for pid in set(owners.values())}
    for listener in found:
        for container in inside.get(owners.get(listener.inode, 0), ()):
            ports[container].add(Publish(listener.address, listener.port, listener.port))
    return ports
