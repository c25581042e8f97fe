"""The load of the fault table: which requests count as lost, and which a killed process had accepted already."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults.load import Load

REFUSED = b"HTTP/1.0 503 Service Unavailable\r\n\r\n"


@contextmanager
def server(reply: bytes) -> Iterator[tuple[int, threading.Event, threading.Event]]:
    """Accept one connection, set `received`, and reply once `reply_now` is set. An empty reply closes the connection."""
    received, reply_now = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                received.set()
                reply_now.wait(10)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1]), received, reply_now
        thread.join()


def request(load: Load) -> threading.Thread:
    """Send one request in the background."""
    thread = threading.Thread(target=load._request, args=(0.0,))
    thread.start()
    return thread


def test_a_request_that_the_killed_process_had_is_not_lost() -> None:
    with server(b"") as (port, received, reply_now):
        load = Load(port)
        thread = request(load)
        received.wait(10)
        load.mark_fault()
        reply_now.set()
        thread.join()
    assert (load.interrupted, load.failures) == (1, [])


def test_a_request_after_the_kill_is_lost() -> None:
    with server(b"") as (port, _, reply_now):
        load = Load(port)
        load.mark_fault()
        reply_now.set()
        request(load).join()
    assert (load.interrupted, load.failures) == (0, ["no answer"])


def test_a_refusal_is_a_failure_whenever_it_was_sent() -> None:
    with server(REFUSED) as (port, received, reply_now):
        load = Load(port)
        thread = request(load)
        received.wait(10)
        load.mark_fault()
        reply_now.set()
        thread.join()
    assert (load.interrupted, load.failures) == (0, ["HTTP/1.0 503 Service Unavailable"])
