"""Addresses of the backends, as seen from a browser.

They use the host name of the page's request, so that one cookie covers them all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

PATH = "/cluster.json"


@dataclass(frozen=True)
class Cluster:
    """The backends' ports, in order of preference."""

    ports: tuple[int, ...]

    def urls(self, name: str, scheme: str = "http") -> tuple[str, ...]:
        """Return each backend's URL on this host name."""
        return tuple(f"{scheme}://{name}:{port}" for port in self.ports)

    def document(self, name: str) -> bytes:
        """Return the body of /cluster.json."""
        return json.dumps({"backends": self.urls(name)}).encode()
