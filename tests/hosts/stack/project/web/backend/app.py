"""The old backend, reduced to what a migration meets: a health path, and a writer into Redis and Qdrant.

GET /health/, GET /count, POST /remember (one INCR, one point). Standard library only.
"""

import hashlib
import http.server
import json
import os
import signal
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

QDRANT = os.environ.get("QDRANT_URL", "http://qdrant:6333")
REDIS = urllib.parse.urlsplit(os.environ.get("REDIS_URL", "redis://redis:6379"))
COLLECTION = "universal_machine_embeddings"
COUNTER = "omnimind:memories"
FIRST_ID = 1_000_000_000
SIZE = 384


def redis(*words: str) -> str:
    """Send one command to Redis and return the first line of the answer, without its type mark."""
    request = f"*{len(words)}\r\n" + "".join(f"${len(w.encode())}\r\n{w}\r\n" for w in words)
    with socket.create_connection((REDIS.hostname, REDIS.port or 6379), timeout=5) as link:
        link.sendall(request.encode())
        reply = link.makefile("rb")
        line = reply.readline().decode().rstrip("\r\n")
        if line.startswith("-"):
            raise OSError(line)
        return reply.readline().decode().rstrip("\r\n") if line.startswith("$") and line != "$-1" else line[1:]


def qdrant(method: str, path: str, body: object = None) -> Any:
    """One request to Qdrant; returns the `result` part."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(QDRANT + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["result"]


def vector_of(text: str) -> list[float]:
    """A vector that depends on the text only."""
    noise = hashlib.shake_128(text.encode()).digest(SIZE)
    return [(byte - 127.5) / 128 for byte in noise]


def remember(text: str) -> dict[str, int]:
    """Write one memory into both stores."""
    number = int(redis("INCR", COUNTER))
    point = {
        "id": FIRST_ID + number,
        "vector": vector_of(text),
        "payload": {"text": text, "source": "writer", "chunk": number},
    }
    qdrant("PUT", f"/collections/{COLLECTION}/points?wait=true", {"points": [point]})
    return {"memory": number}


def count() -> dict[str, int]:
    """What both stores hold now."""
    stored = redis("GET", COUNTER)
    points = qdrant("POST", f"/collections/{COLLECTION}/points/count", {"exact": True})["count"]
    return {"memories": int(stored) if stored.isdigit() else 0, "points": points}


class Handler(http.server.BaseHTTPRequestHandler):
    """Three routes."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def act(self, work: Callable[[], object]) -> None:
        try:
            self.answer(200, work())
        except (OSError, ValueError) as error:
            self.answer(503, {"error": str(error)})

    def do_GET(self) -> None:
        routes = {"/health/": lambda: {"status": "ok", "runs_in": "compose"}, "/count": count}
        self.act(routes[self.path]) if self.path in routes else self.answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode() or "a thought"
        self.act(lambda: remember(text)) if self.path == "/remember" else self.answer(404, {"error": "not found"})

    def log_message(self, *_: object) -> None:
        """Quiet: the log would fill with probes."""


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # PID 1 has no default action for signals
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
