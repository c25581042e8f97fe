"""A small real backend over HTTP whose slowness, honesty and device a test chooses; and the command that measures it."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnimind_ops.bench.document import schema

ROOT = Path(__file__).parents[2]


@dataclass
class Backend:
    """What it does. `told` are milliseconds by stage that it spends and tells, `hidden` seconds that it spends and
    tells nobody of.
    """

    told: dict[str, float] = field(default_factory=lambda: {"inference": 5.0, "serialise": 1.0, "backend": 1.0})
    hidden: float = 0.0
    device: str = "cpu"
    service: str = "omnimind-backend"  # "" for a stranger
    routes: tuple[str, ...] = ()  # that a stranger's openapi.json describes
    stalls: dict[int, float] = field(default_factory=dict)  # seconds by number of the POST
    refuses: bool = False  # 503 to every POST
    open_reads: bool = True
    asked: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    url: str = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], object]:
        """One answer: status, headers, JSON."""
        bare = path.partition("?")[0]
        self.asked[f"{method} {bare}"] += 1
        ours = bool(self.service)
        if bare == "/":
            return (200, {}, {"service": self.service}) if ours else (404, {}, {})
        if bare == "/openapi.json":
            return (
                (200, {}, {"paths": {route: {"post": {}} for route in self.routes}}) if self.routes else (404, {}, {})
            )
        if bare == "/v1/models":
            return (200, {}, {}) if self.open_reads else (401, {}, {})
        if bare == "/system" and ours:
            return 200, {}, {"engine": {"versions": {"openvino": "1.2.3"}}}
        if bare == "/health/":
            return 200, {}, {"status": "ok"}
        if bare in ("/embed", "/v1/embeddings") and method == "POST" and (ours or bare in self.routes):
            return self._embed(json.loads(body))
        if bare == "/search" and ours:
            return 200, {"server-timing": "qdrant;dur=1.0, backend;dur=0.1, total;dur=1.1"}, {"results": [{"id": 1}]}
        return 404, {}, {}

    def _embed(self, asked: dict[str, Any]) -> tuple[int, dict[str, str], object]:
        number, self.posts = self.posts, self.posts + 1
        if self.refuses:
            return 503, {}, {}
        time.sleep(sum(self.told.values()) / 1000 + self.hidden + self.stalls.get(number, 0.0))
        texts = asked.get("texts") or asked["input"]
        if not self.service:
            return 200, {}, {"data": [{"embedding": [0.0] * 4}] * len(texts)}
        stages = [
            f"{name};dur={value}"
            for name, value in {**self.told, "total": sum(self.told.values()) + self.hidden * 1000}.items()
        ]
        headers = {
            "server-timing": ", ".join(stages),
            "x-device": self.device,
            "x-model": "m",
            "x-model-digest": "d",
            "x-tokens": str(len(texts)),
        }
        return (
            200,
            {**headers, "x-cache": f"hits=0, misses={len(texts)}", "x-backend": "1/1"},
            {"embeddings": [[0.0] * 4] * len(texts)},
        )


@contextmanager
def serving(backend: Backend) -> Iterator[Backend]:
    """Serve it on a free loopback port for the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def act(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, result = backend.answer(self.command, self.path, body)
            data = json.dumps(result).encode()
            self.send_response(status)
            for key, value in {"content-type": "application/json", "content-length": str(len(data)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = act

        def address_string(self) -> str:
            return "here"

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A caller that hung up (Ctrl-C) is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        backend.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield backend
        finally:
            server.shutdown()
            thread.join()


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the command is started with: a home of its own, where no system was ever started."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
        **more,
    }


def start(home: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start `omnimind bench …`."""
    return subprocess.Popen(
        (sys.executable, "-m", "omnimind_ops", "bench", *arguments),
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def bench(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `omnimind bench …` to its end."""
    with start(home, *arguments, **more) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def document(said: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one document on stdout, checked against the published schema."""
    (line,) = said.stdout.splitlines()
    data: dict[str, Any] = json.loads(line)
    valid(data)
    return data


def valid(found: object) -> None:
    """Insist that a document fits the published schema."""
    import jsonschema

    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(found)
