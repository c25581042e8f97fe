"""Where the backends are, seen from a browser: under the name by which it asked for the page, so that one cookie serves
them all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

PATH = "/cluster.json"


@dataclass(frozen=True)
class Cluster:
    """The backends' ports, in the order of preference."""

    ports: tuple[int, ...]

    def urls(self, name: str, scheme: str = "http") -> tuple[str, ...]:
        """Return each backend's URL on this host name."""
        return tuple(f"{scheme}://{name}:{port}" for port in self.ports)

    def document(self, name: str) -> bytes:
        """Return the body of /cluster.json."""
        return json.dumps({"backends": self.urls(name)}).encode()
