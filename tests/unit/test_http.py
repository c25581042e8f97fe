"""The HTTP client of ops, against servers that do not behave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnimind_ops.tools import http

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\n{}"


@contextmanager
def server(say: Callable[[socket.socket], None], address: str = "") -> Iterator[http.Address]:
    """Take one connection, read the request, let `say` answer."""
    listening = socket.socket(socket.AF_UNIX) if address else socket.socket()
    listening.bind(address or ("127.0.0.1", 0))
    listening.listen()
    listening.settimeout(10)

    def serve() -> None:
        link, _ = listening.accept()
        with link:
            link.recv(65536)
            try:
                say(link)
            except OSError:
                return  # the client has given up

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield address or listening.getsockname()
    finally:
        thread.join()
        listening.close()


def test_an_answer_has_status_headers_body_and_times() -> None:
    with server(lambda link: link.sendall(GOOD)) as address:
        response = http.request(address, 5, "/", headers={"A": "b"})
    assert (response.status, response.headers["x-one"], response.json()) == (200, "1", {})
    assert response.times.wall >= response.times.connect + response.times.send + response.times.receive


def test_a_unix_socket_is_asked_by_its_path(tmp_path: Path) -> None:
    with server(lambda link: link.sendall(GOOD), str(tmp_path / "s")) as address:
        assert http.request(address, 5, "/").status == 200


def test_one_that_trickles_meets_the_deadline_of_the_whole_answer() -> None:
    over = threading.Event()

    def trickle(link: socket.socket) -> None:
        link.sendall(GOOD.replace(b"Content-Length: 2", b"Content-Length: 1000"))
        while not over.wait(0.05):
            link.sendall(b" ")

    with server(trickle) as address:
        with pytest.raises(TimeoutError):
            http.request(address, 0.3, "/")
        over.set()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionResetError),
        (b"-ERR go away\r\n", http.NotHttpError),
        (GOOD.replace(b"Content-Length: 2", b"Content-Length: 20"), http.NotHttpError),
    ],
)
def test_what_is_no_answer_is_an_error_of_the_connection(answer: bytes, error: type[OSError]) -> None:
    with server(lambda link: link.sendall(answer)) as address, pytest.raises(error):
        http.request(address, 5, "/")


def test_more_than_is_expected_is_not_read() -> None:
    body = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (http.MAX_BYTES + 2)
    with server(lambda link: link.sendall(body)) as address, pytest.raises(ConnectionError, match="more than 4 MiB"):
        http.request(address, 20, "/")


def test_a_url_may_name_a_path_in_front() -> None:
    told = b""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            nonlocal told
            link, _ = listening.accept()
            with link:
                while not told.endswith(b"}") and (part := link.recv(65536)):  # the body comes in a packet of its own
                    told += part
                link.sendall(GOOD)

        thread = threading.Thread(target=serve)
        thread.start()
        result = http.request_url(
            f"http://localhost:{listening.getsockname()[1]}/api/", 5, "/x?y=1", body={"a": 1}, method="POST"
        )
        thread.join()
    assert result.status == 200
    assert told.startswith(b"POST /api/x?y=1 HTTP/1.1\r\n") and told.endswith(b'\r\n\r\n{"a": 1}')
