"""A worker and systemd's watchdog: a blocked loop is silent, a frozen store is not the worker's fault, a start that
fails is no clean end.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.backend.cluster import Cluster
from tests.services import ROOT, free_port

PULSE = 0.6  # seconds: WATCHDOG_USEC; the worker says it is alive three times as often
PATIENCE = 30.0  # seconds
BLOCKING = """
import asyncio, os, time
from backend.main import create_app
from backend.http.server import serve
from backend.settings import load
settings = load(os.environ)
app = create_app(settings)

@app.get("/block")
async def block(seconds: float):
    time.sleep(seconds)

@app.get("/wait")
async def wait(seconds: float):
    await asyncio.sleep(seconds)

serve(app, settings.port, websockets=True)
"""


@contextmanager
def heard(
    core: Cluster, tmp_path: Path, *words: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket, str]]:
    """Run a worker whose notifications are heard."""
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as says:
        says.bind(str(tmp_path / "notify"))
        says.settimeout(PATIENCE)
        variables = {
            **os.environ,
            **core.variables,
            "OMNIMIND_PORT": str(port),
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": str(round(PULSE * 1e6)),
            **environment,
        }
        process = subprocess.Popen((sys.executable, *words), cwd=ROOT, env=variables, stderr=subprocess.PIPE)
        try:
            yield process, says, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.communicate()


def pulses(says: socket.socket, seconds: float) -> int:
    """How often the worker said that it lives, in this time."""
    count, end = 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        says.settimeout(left)
        try:
            count += says.recv(100) == b"WATCHDOG=1"
        except TimeoutError:
            break
    says.settimeout(PATIENCE)
    return count


def test_a_blocked_loop_is_silent_and_one_that_waits_is_not(core: Cluster, tmp_path: Path) -> None:
    with heard(core, tmp_path, "-c", BLOCKING) as (_, says, url), ThreadPoolExecutor(1) as pool:
        assert says.recv(100) == b"READY=1"
        waiting = pool.submit(httpx.get, f"{url}/wait?seconds=3", timeout=30)
        assert pulses(says, 2) >= 5
        waiting.result()
        blocked = pool.submit(httpx.get, f"{url}/block?seconds=3", timeout=30)
        time.sleep(0.5)
        pulses(says, 0.1)
        assert pulses(says, 1.5) == 0, "systemd would have replaced it"
        blocked.result()
        assert pulses(says, 2) >= 5


def test_while_postgres_is_frozen_and_many_wait_for_it_the_worker_keeps_its_pulse(
    core: Cluster, tmp_path: Path
) -> None:
    token = core.token("reader")
    headers = {"authorization": f"Bearer {token}"}
    with heard(core, tmp_path, "-m", "backend") as (_, says, url), ThreadPoolExecutor(12) as pool:
        assert says.recv(100) == b"READY=1"
        assert httpx.get(f"{url}/auth/me", headers=headers).status_code == 200
        core.freeze("postgres")
        try:
            stuck = [pool.submit(httpx.get, f"{url}/auth/me", headers=headers, timeout=60) for _ in range(10)]
            stuck += [pool.submit(httpx.get, f"{url}/health/", timeout=60) for _ in range(2)]
            assert pulses(says, 4) >= 12
            assert {item.result().status_code for item in stuck} == {503}
            assert pulses(says, 1) >= 3
        finally:
            core.thaw("postgres")


def test_a_worker_is_ready_and_pulses_though_no_store_is_there(core: Cluster, tmp_path: Path) -> None:
    nowhere = {
        "OMNIMIND_POSTGRES_DSN": "postgresql://u:p@127.0.0.1:1/d",
        "OMNIMIND_REDIS_URL": "redis://127.0.0.1:1/0",
        "OMNIMIND_QDRANT_URL": "http://127.0.0.1:1",
        "OMNIMIND_ENGINE": "/nonexistent",
    }
    with heard(core, tmp_path, "-m", "backend", **nowhere) as (process, says, url):
        assert says.recv(100) == b"READY=1"
        assert httpx.get(f"{url}/health/").status_code == 503
        assert pulses(says, 2) >= 5
        process.send_signal(signal.SIGTERM)
        while says.recv(100) != b"STOPPING=1":
            pass
        assert process.wait(20) in (0, -signal.SIGTERM)


def test_a_stop_is_not_held_up_by_a_frozen_store(core: Cluster, tmp_path: Path) -> None:
    """It has systemd's TimeoutStopSec of 20 s, and takes less, with questions to a frozen PostgreSQL under way."""
    token = core.token("reader")
    with heard(core, tmp_path, "-m", "backend") as (process, says, url), ThreadPoolExecutor(4) as pool:
        assert says.recv(100) == b"READY=1"
        assert httpx.get(f"{url}/health/").status_code == 200
        core.freeze("postgres")
        try:
            for path in ("/health/", "/auth/me"):
                pool.submit(_quietly, f"{url}{path}", token)
            time.sleep(1.2)
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        finally:
            core.thaw("postgres")


def _quietly(url: str, token: str) -> None:
    try:
        httpx.get(url, headers={"authorization": f"Bearer {token}"}, timeout=60)
    except httpx.HTTPError:
        pass


def test_a_start_that_fails_is_no_clean_end(core: Cluster, tmp_path: Path) -> None:
    with heard(core, tmp_path, "-m", "backend", OMNIMIND_POSTGRES_DSN="postgresql://[broken") as (process, _, _url):
        code = process.wait(30)
    assert code not in (0, -signal.SIGTERM)
    second = tmp_path / "second"
    second.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with heard(core, second, "-m", "backend", OMNIMIND_PORT=str(taken.getsockname()[1])) as (process, _, _url):
            assert process.wait(30) != 0


def test_of_two_workers_on_one_socket_the_killed_one_loses_at_most_what_it_was_answering(
    core: Cluster, tmp_path: Path
) -> None:
    """As two units on one .socket: what the dead one did not accept, the other one does."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        script = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.executable, [sys.executable, '-m', 'backend'])"
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/health/live"
        both = [
            subprocess.Popen(
                (sys.executable, "-c", script, str(listening.fileno())),
                cwd=ROOT,
                pass_fds=(listening.fileno(),),
                env={**os.environ, **core.variables, "OMNIMIND_WORKER": str(number)},
            )
            for number in (1, 2)
        ]
        stop, pids, failed = threading.Event(), [], []

        def ask() -> None:
            while not stop.is_set():
                try:
                    pids.append(httpx.get(url, timeout=20).json()["pid"])
                except httpx.HTTPError as error:
                    failed.append(repr(error))
                time.sleep(0.005)

        try:
            threads = [threading.Thread(target=ask) for _ in range(2)]
            for thread in threads:
                thread.start()
            end = time.monotonic() + 60
            while len(set(pids)) < 2 and time.monotonic() < end:
                time.sleep(0.05)
            assert len(set(pids)) == 2
            both[0].send_signal(
                signal.SIGSTOP
            )  # frozen it accepts nothing more: whatever is in its hands ends with it, so none is
            time.sleep(0.5)
            count = len(pids)
            both[0].send_signal(signal.SIGCONT)
            time.sleep(0.5)
            both[0].kill()
            time.sleep(1)
            stop.set()
            for thread in threads:
                thread.join()
        finally:
            for item in both:
                item.kill()
                item.wait()
    assert len(pids) > count + 20
    assert len(failed) <= 2, "at most what the killed one was answering"
