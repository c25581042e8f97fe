"""Uploads to a server: each over a connection of its own, and a server that stops reading is given up."""

from __future__ import annotations

import io
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant import client
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.restore import restore_snapshot


def test_a_second_upload_has_a_connection_of_its_own() -> None:
    """A real 1.15.5 reads nothing more of a second one over the same connection."""
    callers = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            callers.append(self.client_address)
            while (size := int(self.rfile.readline(), 16)) > 0:
                self.rfile.read(size + 2)
            self.rfile.readline()
            self.send_response(200)
            self.send_header("Content-Length", "15")
            self.end_headers()
            self.wfile.write(b'{"result":true}')

        def log_message(self, *arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):
            restore_snapshot(QdrantEndpoint(f"http://127.0.0.1:{server.server_port}"), "a", OnlyRead(b"x" * 100_000))
        server.shutdown()
    assert len(set(callers)) == 2


def test_a_server_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:  # takes connections, and never reads
        endpoint = QdrantEndpoint(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(Problem, match="cannot reach Qdrant"):
            restore_snapshot(endpoint, "a", OnlyRead(b"x" * 50_000_000))


class OnlyRead:
    """A file that nobody can measure."""

    def __init__(self, content: bytes) -> None:
        self.read = io.BytesIO(content).read
