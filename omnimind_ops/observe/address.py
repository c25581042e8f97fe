"""The address at which this host reaches a server in a running container."""

from __future__ import annotations

from collections.abc import Callable

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem

OTHER_CONTAINER = "container:"
ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 compared, not bound


def address(container: Container, port: int, container_of: Callable[[str], Container] | None = None) -> tuple[str, int]:
    """Return host and port: the published one, else the container's own; raise Problem if there is none.

    `container_of` returns a container by ID: one may use the network of another, which then publishes its ports.
    """
    if container.network_mode.startswith(OTHER_CONTAINER) and container_of:
        return address(container_of(container.network_mode.removeprefix(OTHER_CONTAINER)), port)
    for publish in container.ports:
        if publish.container_port == port and publish.protocol == "tcp":
            return "127.0.0.1" if publish.host_ip in ANYWHERE else publish.host_ip, publish.host_port
    if container.network_mode == "host":
        return "127.0.0.1", port
    if container.ip:
        return container.ip, port
    raise Problem(
        f"cannot reach {container.name}",
        f"it neither publishes port {port} nor has an address",
        "start it: docker start " + container.name,
    )
