"""Addresses at which this host reaches the servers in running containers."""

from __future__ import annotations

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.client import QdrantEndpoint


def address(container: Container, port: int) -> tuple[str, int]:
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


def require_running(container: Container) -> None:
    if not container.running:
        raise Problem(
            f"cannot read {container.name}",
            "the container is not running",
            f"start it: docker start {container.name}; or pass a backup",
        )


def qdrant_endpoint(container: Container) -> QdrantEndpoint:
    require_running(container)
    host, port = address(container, 6333)
    return QdrantEndpoint(f"http://{host}:{port}", container.env.get("QDRANT__SERVICE__API_KEY") or None)
