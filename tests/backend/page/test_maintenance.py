"""The page of a cutover: a real process on real ports; it ends with the migration and gives its ports up at once."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.qdrant import free_port

HTML = "text/html,application/xhtml+xml"


@contextmanager
def migration() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for the migration."""
    with subprocess.Popen(("sleep", "600")) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def page(pid: int, *addresses: str) -> Iterator[subprocess.Popen[bytes]]:
    """The page, listening."""
    command = (sys.executable, "-m", "backend.page.maintenance", "--while", str(pid), *addresses)
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            _wait_for(int(addresses[-1].rpartition(":")[2]), process)
            yield process
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)


@pytest.fixture
def port() -> Iterator[int]:
    with migration() as process:
        number = free_port()
        with page(process.pid, f"127.0.0.1:{number}"):
            yield number


def ask(
    port: int, method: str = "GET", body: bytes | None = None, accept: str = "*/*"
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/any/path?x=1", body, {"Accept": accept})
    result = connection.getresponse()
    return result.status, {name.lower(): value for name, value in result.getheaders()}, result.read()


def test_a_client_of_the_api_gets_503_as_json(port: int) -> None:
    status, headers, body = ask(port)
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert int(headers["retry-after"]) > 0 and headers["cache-control"] == "no-store"
    assert json.loads(body)["status"] == 503


def test_a_browser_gets_a_page_that_reloads(port: int) -> None:
    status, headers, body = ask(port, accept=HTML)
    assert (status, headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "retry-after" in headers and b'http-equiv="refresh"' in body and b'<html lang="en">' in body


def test_head_has_no_body(port: int) -> None:
    status, headers, body = ask(port, "HEAD")
    assert status == 503 and int(headers["content-length"]) > 0 and body == b""


def test_a_large_upload_gets_its_answer(port: int) -> None:
    """A close with unread data resets the connection, and the client sees no answer."""
    assert ask(port, "POST", b"x" * (8 << 20))[0] == 503


def test_a_client_that_says_nothing_holds_up_nobody(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    assert ask(port)[0] == 503
    for item in silent:
        item.close()


def test_it_ends_with_the_migration_and_the_port_is_free_at_once() -> None:
    port = free_port()
    with migration() as process, page(process.pid, f"127.0.0.1:{port}") as shown:
        assert ask(port)[0] == 503
        process.kill()
        process.wait()
        assert shown.wait(30) == 0
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_it_does_not_begin_after_the_migration_has_ended() -> None:
    with migration() as process:
        pass
    with page(process.pid, f"127.0.0.1:{free_port()}") as shown:
        assert shown.wait(30) == 0


def test_an_address_that_is_taken_is_left_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, migration() as process:
        port, used = free_port(), taken.getsockname()[1]
        with page(process.pid, f"127.0.0.1:{used}", f"127.0.0.1:{port}"):
            assert ask(port)[0] == 503
        with page(process.pid, f"127.0.0.1:{used}") as shown:
            assert shown.stderr and f"cannot listen on 127.0.0.1:{used}" in shown.stderr.read().decode()
            assert shown.wait(30) == 1
