"""Which Qdrant this stand-in can be taken for, and which engine it really runs."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

COMPATIBLE = "1.20.0"
"""The server version reported to clients: `qdrant-client` warns when its minor version is more than one away."""


@cache
def engine() -> str:
    """The engine in words, like "qdrant-edge 0.9.0"; reported as the commit so that nobody takes us for the real
    server.
    """
    return f"qdrant-edge {version('qdrant-edge-py')}"


def banner() -> str:
    """The `--version` line; its first two words are those of the real binary."""
    return f"qdrant {COMPATIBLE} (stand-in over {engine()})"
