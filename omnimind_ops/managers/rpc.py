"""Supervisor's XML-RPC over its unix socket, which only its owner may open."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omnimind_ops.tools.deadline import connect

ANSWER_SECONDS = 10.0


def call(path: Path, method: str, *args: Any, seconds: float = ANSWER_SECONDS) -> Any:
    """Call one RPC method; a Fault is raised as it is, every connection error is an OSError."""
    try:
        with xmlrpc.client.ServerProxy("http://localhost", transport=_Unix(path, seconds)) as server:
            function: Callable[..., Any] = server
            for part in method.split("."):
                function = getattr(function, part)
            return function(*args)
    except (http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
        raise OSError(str(error)) from error


class _Unix(xmlrpc.client.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__()
        self._path, self._seconds = path, seconds

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """Return a new connection; one per call, closed with the transport."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = connect(str(self._path), self._seconds)
        self._connection = host, connection
        return connection
