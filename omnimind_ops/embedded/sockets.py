"""Listening sockets that supervisor keeps for OmniMind's programs."""

from __future__ import annotations

import socket
from pathlib import Path

BACKLOG = 2048


def bind(names: set[str]) -> dict[str, int]:
    """Bind and listen; return the file numbers by "tcp:PORT" and "unix:PATH". OSError when an address is taken."""
    results = {}
    for name in sorted(names):
        family, _, place = name.partition(":")
        if family == "tcp":
            link = socket.create_server(("127.0.0.1", int(place)), backlog=BACKLOG, reuse_port=False)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            Path(place).unlink(missing_ok=True)
            link = socket.socket(socket.AF_UNIX)
            link.bind(place)
            Path(place).chmod(0o600)
            link.listen(BACKLOG)
        link.setblocking(False)  # workers share it: a worker that misses a connection must not block in accept()
        link.set_inheritable(True)
        results[name] = link.detach()
    return results
