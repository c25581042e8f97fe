"""A whole system for tests of health and guard: real stores, and small real programs in place of engine, backends and
frontend, whose faults are chosen by a file. Its manager owns real child processes and brings back what dies, as systemd
and supervisor do.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.catalogue import services
from omnimind_ops.model import system as model
from omnimind_ops.model.world import Mode, World
from tests.health_children import Child, Children
from tests.services import PASSWORD, Services, free_port

ROOT = Path(__file__).parents[1]
PROGRAM = """
import array, http.server, json, os, socket, socketserver, sys, time
kind, place, faults, number = sys.argv[1:5]
def fault_of():
    chosen = json.load(open(faults))
    return chosen.get(f"{kind}-{number}", chosen.get(kind, {}))
class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self): return "here"
    def log_message(self, *words): pass
    def do_GET(self):
        fault = fault_of()
        time.sleep(fault.get("delay", 0))
        if kind == "engine":
            said = {"state": "ready", "device": "cpu", "expected": "cpu", "reason": "", "model_digest": "d", "precision": "f32",
                    "proof": {"ok": True, "age_s": 1.0}, "gpu": None, **fault.get("health", {})}
            return self.say(fault.get("status", 200), json.dumps(said).encode())
        if kind == "frontend":
            return self.say(fault.get("status", 200), b"<!doctype html><html></html>")
        self.say(fault.get("status", 200), json.dumps({"status": "ready", "worker": number, "pid": os.getpid(), "checks": fault.get("checks", {})}).encode())
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        fault = fault_of()
        time.sleep(fault.get("embed_delay", 0))
        self.say(fault.get("embed_status", 200), array.array("f", fault.get("vector", [0.6, 0.8])).tobytes(), {"x-model-digest": "d", "x-precision": "f32"})
    def say(self, status, body, headers={}):
        self.send_response(status)
        for key, value in {"content-length": str(len(body)), **headers}.items(): self.send_header(key, value)
        self.end_headers(); self.wfile.write(body)
class Unix(socketserver.ThreadingUnixStreamServer): daemon_threads = True
class Tcp(http.server.ThreadingHTTPServer):
    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # the workers of one port share it
        super().server_bind()
if place.isdigit(): server = Tcp(("127.0.0.1", int(place)), Handler)
else:
    if os.path.exists(place): os.unlink(place)
    server = Unix(place, Handler)
if fault_of().get("dies"): sys.exit(3)
server.serve_forever()
"""


@dataclass
class System:
    """The world, its manager, and the file that chooses faults."""

    world: World
    manager: Children
    stores: Services
    file: Path

    def fault(self, **kinds: Mapping[str, object]) -> None:
        """Choose the programs' faults by kind; none given: none. `backend_2` are those of second workers only."""
        beside = self.file.with_suffix(".new")
        beside.write_text(json.dumps({kind.replace("_", "-"): fault for kind, fault in kinds.items()}))
        beside.replace(self.file)

    def with_settings(self, **settings: object) -> World:
        """Return the world with other settings."""
        ours = {name: settings.pop(name) for name in model.shared(self.world.system) if name in settings}
        return replace(self.world, system=replace(self.world.system, **ours), **settings)  # type: ignore[arg-type]


@contextmanager
def system(stores: Services, place: Path, database: str) -> Iterator[System]:
    """Run it for a block."""
    for folder in ("state", "run", "logs"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    description = model.System(
        backend_ports=(free_port(), free_port()),
        workers=2,
        frontend_port=free_port(),
        redis_port=stores.redis_port,
        postgres_port=stores.postgres_port,
        qdrant_port=stores.qdrant_port,
        uploads=str(place),
        redis_dir=str(place),
        qdrant_home=str(place),
        critical_timeout=20,
        secondary_timeout=20,
    )
    world = World(
        mode=Mode.EMBEDDED,
        system=description,
        state=place / "state",
        config=place,
        logs=place / "logs",
        run=place / "run",
        postgres=place,
        standin=True,
        redis_url=stores.redis_url,
        postgres_dsn=stores.database(database),
        qdrant_url=stores.qdrant_url,
        qdrant_key=stores.qdrant_key,
    )
    faults = place / "faults.json"
    faults.write_text("{}")
    children: dict[str, Child] = {}
    for service in services(world):
        where = service.socket or str(service.port)
        for number, name in enumerate(service.processes, 1):
            command = (sys.executable, "-I", "-c", PROGRAM, str(service.kind), where, str(faults), str(number))
            if service.kind in ("engine", "backend", "frontend"):
                children[name] = Child(command)
    manager = Children(children, {"postgres": stores.postgres, "redis": stores.redis, "qdrant": stores.qdrant})
    watching = threading.Thread(target=manager.watch)
    try:
        manager.start(list(children))
        watching.start()
        _wait(world)
        manager.acts.clear()
        yield System(world, manager, stores, faults)
    finally:
        manager.end()
        if watching.is_alive():
            watching.join()
        for process in manager.stores.values():  # as the session had them
            if process.running is None or process.running.poll() is not None:
                process.start()


def _wait(world: World) -> None:
    from omnimind_ops.health import probes

    end = time.monotonic() + 30
    for service in services(world):
        while service.kind in ("engine", "backend", "frontend") and not probes.of(service, world, probes.SHALLOW).ready:
            assert time.monotonic() < end, service.name
            time.sleep(0.05)


def embedded_home(stores: Services, place: Path) -> Path:
    """Make an embedded system as its last start left it: its stores answer, nobody runs its processes.

    Returns XDG_STATE_HOME.
    """
    state = place / "omnimind"
    (state / "run").mkdir(parents=True)
    ports = {
        "backends": [free_port()],
        "frontend": free_port(),
        "redis": stores.redis_port,
        "postgres": stores.postgres_port,
        "qdrant": stores.qdrant_port,
    }
    arguments = {
        "ports": ports,
        "workers": 1,
        "collection": "c",
        "uploads": str(state / "uploads"),
        "standin": True,
        "qdrant": "",
        "moved": {},
    }
    (state / "embedded.json").write_text(json.dumps(arguments))
    secrets = state / "secrets.json"
    secrets.write_text(json.dumps({"postgres": PASSWORD, "redis": PASSWORD, "qdrant": stores.qdrant_key}))
    secrets.chmod(0o600)
    stores.database("omnimind")
    return place


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works with that system."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }
