"""The address at which this host reaches a server in a running container."""

from __future__ import annotations

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem


def address(container: Container, port: int) -> tuple[str, int]:
    """Return host and port: the published one, else the container's own; raise Problem if there is none."""
    for publish in container.ports:
        if publish.container_port == port:
            anywhere = publish.host_ip in ("", "0.0.0.0", "::")  # noqa: S104
            return "127.0.0.1" if anywhere else publish.host_ip, publish.host_port
    if container.ip:
        return container.ip, port
    raise Problem(
        f"cannot reach {container.name}",
        f"it neither publishes port {port} nor has an address",
        "start it: docker start " + container.name,
    )
