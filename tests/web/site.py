"""The system behind the page: everything that `omnimind up` starts, one user, and ways to take backends away and give
them back.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from omnimind_ops import managers
from omnimind_ops.catalogue import services
from omnimind_ops.embedded import home
from omnimind_ops.paths import data
from omnimind_ops.settings import load
from tests.embedded.system import System, wait

NAME, PASSWORD = "ana", "a lantern, a ladder and a lake"


@dataclass
class Site:
    """An embedded system that is up, with an admin."""

    system: System

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://localhost:{self.system.ports[3]}"

    @property
    def ports(self) -> list[int]:
        """Those of the backends."""
        return self.system.backends

    def kill(self, port: int) -> None:
        """kill -9 every worker of a backend; its supervisor starts others."""
        for worker in self._workers(port):
            worker.kill()

    def kill_steadily(self, port: int) -> None:
        """The same, for as long as this is called again and again: whoever is there now."""
        for item in self._workers(port):
            try:
                os.kill(item.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    @contextmanager
    def without(self, *ports: int) -> Iterator[None]:
        """Take backends away for the block, as a person stops them: nobody starts them again.

        Afterwards they are back and answer.
        """
        manager = managers.of(self.world)
        names = [name for service in services(self.world) if service.port in ports for name in service.processes]
        manager.stop(names)
        try:
            yield
        finally:
            manager.start(names)
            for port in ports:
                wait(f"backend {port}", lambda port=port: self.lives(port))  # type: ignore[misc]

    def lives(self, port: int) -> bool:
        """Tell whether a backend answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def settle(self) -> None:
        """Wait until both workers of every backend answer."""
        for port in self.ports:
            wait(f"both workers of {port}", lambda port=port: len(self._workers(port)) == 2 and self.lives(port))  # type: ignore[misc]

    @property
    def world(self) -> home.World:
        """The system's own description."""
        return home.world(load(None, {}), home.Home(self.system.state))

    def call(self, path: str, body: object = None) -> Any:
        """Ask the first backend as the user; what it answers."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self._send(opener, "/auth/login", {"name": NAME, "password": PASSWORD})
        return self._send(opener, path, body)

    def _send(self, opener: urllib.request.OpenerDirector, path: str, body: object) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://localhost:{self.ports[0]}{path}", content, {"content-type": "application/json"}
        )
        with opener.open(request, timeout=120) as answer:
            return json.loads(answer.read() or b"null")

    def _workers(self, port: int) -> list[psutil.Process]:
        results = []
        for process in self.system.processes():
            try:
                arguments = process.cmdline()
                if arguments[-1:] == ["backend"] and process.environ().get("OMNIMIND_PORT") == str(port):
                    results.append(process)
            except psutil.Error:
                continue
        return results


@contextmanager
def site(ports: tuple[int, ...] = ()) -> Iterator[Site]:
    """Bring one up for the block, on free ports; those of its three backends and its page are the first ones given."""
    if not (data("frontend") / "index.html").exists():
        pytest.fail("the page is not built: bash .ci/prepare, or npm run build in frontend/")
    system = System()
    system.ports[: len(ports)] = ports
    try:
        system.up()
        system.run("user", "add", NAME, "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n").ok()
        yield Site(system)
    finally:
        system.close()


def pause(seconds: float) -> None:
    """Let a moment pass that a person would let pass."""
    time.sleep(seconds)
