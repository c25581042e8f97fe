"""The Qdrant version that this stand-in is compatible with, and the engine that it runs."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

COMPATIBLE = "1.20.0"
"""The server version reported to clients: `qdrant-client` warns when its minor version is more than one away."""


@cache
def engine() -> str:
    """Return the engine's name and version, like "qdrant-edge 0.9.0". It is reported as the commit, so that nobody
    mistakes the stand-in for the real server.
    """
    return f"qdrant-edge {version('qdrant-edge-py')}"


def banner() -> str:
    """Return the `--version` line; its first two words are those of the real binary."""
    return f"qdrant {COMPATIBLE} (stand-in over {engine()})"
