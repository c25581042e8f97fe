"""A fence around a Qdrant in a container: from the last read until it stops, no write reaches it.

Qdrant has no write lock since 1.18. So the container's network interfaces are taken down, and Qdrant is read in the
container's own network through its loopback. What was in use there ends with the container: a start makes a new
network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.facts import version
from omnimind_ops.tools.namespace import has_own_network, in_network_of, interfaces_up, take_down

Value = TypeVar("Value")


@dataclass(frozen=True)
class Inside:
    """A Qdrant as a process of its container reaches it."""

    pid: int
    endpoint: QdrantEndpoint

    def read(self, work: Callable[[QdrantEndpoint], Value]) -> Value:
        """Run `work` in the container's network."""
        return in_network_of(self.pid, lambda: work(self.endpoint))

    def close(self) -> None:
        """Take the container's network away."""
        in_network_of(self.pid, lambda: take_down(interfaces_up()))


def shares_network(container: Container) -> bool:
    """Return whether a container's network is also that of the host or of another container."""
    return container.network_mode == "host" or container.network_mode.startswith("container:")


def is_cut_off(pid: int) -> bool:
    """Return whether a container's process runs without a network."""
    return has_own_network(pid) and not in_network_of(pid, interfaces_up)


def find_inside(pid: int, port: int, api_key: str) -> Inside | None:
    """Return the Qdrant of a container's process; None when it cannot be fenced: the network is not its own, or Qdrant
    does not answer at its loopback.
    """
    if not pid or not has_own_network(pid):
        return None
    inside = Inside(pid, QdrantEndpoint(f"http://127.0.0.1:{port}", api_key or None))
    try:
        inside.read(version)
    except (Problem, OSError):
        return None
    return inside
