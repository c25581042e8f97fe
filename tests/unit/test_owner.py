"""Proof by owner: a store that answers is certified only if the process that listens belongs to the store's unit.

Real processes on real ports; the units are those of this machine, or made up where no systemd runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.facts import Holder
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import FingerprintNotes, ProveNotes, VerifyNotes
from omnimind_ops.model.payloads import ProvePayload, VerifyPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.observe.ports import holders
from omnimind_ops.steps import owner, prove
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.steps.verify import VerifyStep
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from tests import engine_double
from tests.services import free_port

LISTEN = """
import socket, sys
with socket.create_server((sys.argv[2], int(sys.argv[1]))) as listening:
    print("listening", flush=True)
    sys.stdin.read()
"""


def goal(qdrant: int) -> Goal:
    """A host whose other ports nobody holds."""
    ports = [free_port() for _ in range(4)]
    return Goal((ports[0],), 1, ports[1], ports[2], ports[3], qdrant)


@contextmanager
def listening(port: int, address: str = "127.0.0.1") -> Iterator[int]:
    """A process that holds a port; yields its PID."""
    command = (sys.executable, "-IS", "-c", LISTEN, str(port), address)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


def test_a_process_of_another_unit_is_found_with_its_pid() -> None:
    port = free_port()
    with listening(port) as pid:
        result = owner.stranger(port, ("qdrant.service",), holders())
        assert result is not None and result.pid == pid
        with pytest.raises(Problem) as caught:
            owner.refuse_strangers(goal(port), ["qdrant"])
    assert f"pid {pid}" in caught.value.why and "not qdrant.service" in caught.value.why
    assert str(port) in caught.value.why


def test_a_port_that_nobody_holds_is_nobodys() -> None:
    owner.refuse_strangers(Goal(qdrant_port=free_port()), ["qdrant"])


def test_the_container_behind_a_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    double, port = engine_double.install(tmp_path, monkeypatch), free_port()
    old = engine_double.container("c" * 64, "omnimind_qdrant_1", "qdrant")
    old["NetworkSettings"] = {"Ports": {"6333/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}}
    old["State"] = {"Running": True, "Pid": 1}
    double.add(old)
    holder = Holder(port, "0.0.0.0", 4711, "docker-proxy", "", "docker.service")
    monkeypatch.setattr(owner, "holders", lambda containers=(): (named(holder, containers),))
    with pytest.raises(Problem) as caught:
        owner.refuse_strangers(Goal(qdrant_port=port), ["qdrant"])
    assert "container omnimind_qdrant_1" in caught.value.why
    assert "docker stop omnimind_qdrant_1" in caught.value.fix


def named(holder: Holder, containers: object) -> Holder:
    """The holder with the container's name, as ports.holders() finds it."""
    (container,) = containers or (None,)  # type: ignore[misc,attr-defined]
    return Holder(
        *(holder.port, holder.address, holder.pid, holder.program, getattr(container, "name", ""), holder.unit)
    )


OURS = [
    ("postgresql", 5432, "postgresql@15-main.service"),
    ("redis", 6379, "redis-server.service"),
    ("qdrant", 6333, "qdrant.service"),
    ("backend:8000", 8000, "omnimind-8000.socket"),
    ("backend:8000", 8000, "omnimind-8000@2.service"),
    ("frontend", 3000, "omnimind-frontend.socket"),
    ("frontend", 3000, "omnimind-frontend.service"),
]


@pytest.mark.parametrize(("service", "port", "unit"), OURS)
def test_the_units_own_process_and_its_socket_are_no_strangers(service: str, port: int, unit: str) -> None:
    """systemd itself, pid 1, listens for a socket unit until a worker has taken the socket."""
    wanted, units = owner.owners(Goal())[service]
    assert wanted == port
    assert owner.stranger(port, units, [Holder(port, "127.0.0.1", 1, "systemd", unit=unit)]) is None
    other = Holder(port, "127.0.0.1", 2, "python3", unit="omnimind-8080@1.service")
    assert owner.stranger(port, units, [other]) == other


def test_what_listens_on_another_address_does_not_answer_here() -> None:
    ours = Holder(6333, "127.0.0.1", 10, "qdrant", unit="qdrant.service")
    lan = Holder(6333, "192.0.2.1", 20, "docker-proxy", unit="docker.service")
    all_addresses = Holder(6333, "0.0.0.0", 20, "docker-proxy", unit="docker.service")
    assert owner.stranger(6333, ("qdrant.service",), [ours, lan]) is None
    assert owner.stranger(6333, ("qdrant.service",), [lan, all_addresses]) == all_addresses


class Qdrant(BaseHTTPRequestHandler):
    """An old Qdrant that came back: it answers all that `verify` asks."""

    def do_GET(self) -> None:
        body = json.dumps({"result": {"collections": [], "aliases": []}, "status": "ok", "version": "1.9.0"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def old_qdrant() -> Iterator[int]:
    """Its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Qdrant) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_equal_data_in_anothers_store_is_not_certified(old_qdrant: int) -> None:
    memo = Memo(MemoryNotes(), "verify", VerifyNotes)
    held = fingerprint(QdrantEndpoint(f"http://127.0.0.1:{old_qdrant}"))
    Memo(memo.notes, "read-qdrant", FingerprintNotes).write(FingerprintNotes(held))
    step = VerifyStep(Goal(qdrant_port=old_qdrant), lambda: Credentials("", "", ""))
    with pytest.raises(Problem, match="cannot prove qdrant"):
        step.do(Task("verify", VerifyPayload(qdrant=True)), memo, lambda event: None)
    assert memo.read().compared == {}


def test_services_that_answer_from_anothers_process_are_not_proven(
    old_qdrant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prove, "native", lambda goal, credentials: {"qdrant": lambda: None})
    memo = Memo(MemoryNotes(), "prove", ProveNotes)
    with pytest.raises(Problem, match="cannot prove qdrant"):
        ProveStep(goal(old_qdrant), lambda: Credentials("", "", "")).do(
            Task("prove", ProvePayload()), memo, lambda event: None
        )
    assert memo.read().answered is None


def test_a_stranger_on_one_port_ends_the_wait_for_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that waits for the true Qdrant would not be ready for the whole time-out."""
    port = free_port()
    monkeypatch.setattr(prove, "WATCH_SECONDS", 0.05)
    waiting = {"qdrant": lambda: "wrong key", "backend:8000": lambda: "waits for qdrant"}
    monkeypatch.setattr(prove, "native", lambda goal, credentials: waiting)
    with listening(port), pytest.raises(Problem, match="cannot prove qdrant"):
        ProveStep(goal(port), lambda: Credentials("", "", ""), show=lambda units: ()).do(
            Task("prove", ProvePayload()), Memo(MemoryNotes(), "prove", ProveNotes), lambda event: None
        )
