"""The backend as systemd sees it: a socket passed at fd 3, READY, WATCHDOG from the event loop, STOPPING, and a clean
end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NOBODY = {
    "OMNIMIND_POSTGRES_DSN": "postgresql://u:p@127.0.0.1:1/d",
    "OMNIMIND_REDIS_URL": "redis://u:p@127.0.0.1:1/0",
    "OMNIMIND_QDRANT_URL": "http://127.0.0.1:1",
    "OMNIMIND_ENGINE": "/nonexistent/engine.sock",
}


@dataclass
class Started:
    process: subprocess.Popen[bytes]
    port: int
    says: socket.socket

    def hear(self, seconds: float = 10) -> str:
        self.says.settimeout(seconds)
        return self.says.recv(100).decode()

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), dict(error.headers)


@contextmanager
def started(module: str, tmp_path: Path, **environment: str) -> Iterator[Started]:
    """Start a module as systemd would. LISTEN_PID must be its own pid, hence the program that becomes it."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as says:
        says.bind(str(tmp_path / "notify"))
        script = (
            f"import os, sys; os.dup2({listening.fileno()}, 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
            f"os.execv(sys.executable, [sys.executable, '-m', '{module}'])"
        )
        process = subprocess.Popen(
            (sys.executable, "-c", script),
            cwd=Path(__file__).parents[3],
            pass_fds=(listening.fileno(),),
            env={
                **os.environ,
                **NOBODY,
                "NOTIFY_SOCKET": str(tmp_path / "notify"),
                "WATCHDOG_USEC": "600000",
                **environment,
            },
        )
        try:
            yield Started(process, listening.getsockname()[1], says)
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("module", ["backend", "backend.page", "backend.engine"])
def test_ready_then_a_pulse_then_a_clean_end(module: str, tmp_path: Path) -> None:
    with started(module, tmp_path) as it:
        assert it.hear() == "READY=1"
        assert [it.hear(), it.hear(), it.hear()] == ["WATCHDOG=1"] * 3
        it.process.send_signal(signal.SIGTERM)
        while (result := it.hear()) == "WATCHDOG=1":
            pass
        assert result == "STOPPING=1"
        assert it.process.wait(timeout=10) in (0, -signal.SIGTERM)


def test_a_stopped_process_sends_no_pulse(tmp_path: Path) -> None:
    with started("backend.engine", tmp_path) as it:
        it.hear()
        it.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        it.says.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                it.says.recv(100)
        with pytest.raises(TimeoutError):
            it.hear(0.7)
        it.process.send_signal(signal.SIGCONT)
        assert it.hear() == "WATCHDOG=1"


def test_a_worker_says_who_it_is(tmp_path: Path) -> None:
    with started("backend", tmp_path, OMNIMIND_PORT="8080", OMNIMIND_WORKER="2") as it:
        it.hear()
        status, body, _ = it.get("/health/live")
        assert (status, json.loads(body)) == (
            200,
            {"status": "live", "pid": it.process.pid, "port": 8080, "worker": "2"},
        )
        assert json.loads(it.get("/")[1]) == {
            "service": "omnimind-backend",
            "port": 8080,
            "worker": "2",
            "pid": it.process.pid,
        }


@pytest.mark.parametrize("path", ["/health/ready", "/health/"])
def test_services_that_are_down_are_named_and_nobody_hears_a_password(path: str, tmp_path: Path) -> None:
    with started("backend", tmp_path) as it:
        it.hear()
        status, body, headers = it.get(path)
        assert status == 503
        assert headers["retry-after"] == "5"
        checks = json.loads(body)["checks"]
        assert {name: check["state"] for name, check in checks.items()} == dict.fromkeys(
            ("postgres", "redis", "qdrant", "engine"), "down"
        )
        assert all(check["detail"] for check in checks.values())
        assert b"u:p@" not in body


def test_the_engine_is_asked_over_its_socket(tmp_path: Path) -> None:
    with started("backend.engine", tmp_path, OMNIMIND_LOCK="cpu") as it:
        it.hear()
        data = json.loads(it.get("/health")[1])
        assert (data["state"], data["device"], data["pid"]) == ("ready", "cpu", it.process.pid)
        assert it.get("/other")[0] == 404


def test_a_page_elsewhere_cannot_use_its_own_name_for_this_host(tmp_path: Path) -> None:
    with started("backend", tmp_path) as it:
        it.hear()
        assert it.get("/health/live", Host="evil.example")[0] == 400
        assert it.get("/health/live", Host=f"localhost:{it.port}")[0] == 200
        origin = "http://127.0.0.1:3000"
        assert it.get("/health/live", Origin=origin)[2].get("access-control-allow-origin") == origin
        assert "access-control-allow-origin" not in it.get("/health/live", Origin="http://evil.example")[2]


def test_a_request_in_flight_is_answered_before_the_end(tmp_path: Path) -> None:
    """Redis accepts and never answers, so the request takes its two seconds; SIGTERM arrives within them."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        with started("backend", tmp_path, OMNIMIND_REDIS_URL=url, OMNIMIND_CHECK_SECONDS="1.5") as it:
            it.hear()
            with socket.create_connection(("127.0.0.1", it.port)) as link:
                link.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                time.sleep(0.5)
                it.process.send_signal(signal.SIGTERM)
                result = b""
                while more := link.recv(65536):
                    result += more
            assert b"503 Service Unavailable" in result
            assert b"no answer within 1.5 s" in result
            it.process.wait(timeout=10)


def test_the_page_is_served_and_unknown_routes_are_the_page(tmp_path: Path) -> None:
    with started("backend.page", tmp_path) as it:
        it.hear()
        status, body, headers = it.get("/")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'self'" in headers["content-security-policy"]
        assert it.get("/chat/42")[1] == body
        assert it.get("/missing.js")[0] == 404
        assert it.get("/../pyproject.toml")[0] == 404


def test_six_workers_may_start_at_once_so_the_import_is_light() -> None:
    script = (
        "import sys; import backend.main, backend.http.server; "
        "print(sorted({'torch', 'numpy', 'qdrant_client', 'psycopg', 'redis', 'httpx', 'pyinfra'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        (sys.executable, "-c", script), cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
