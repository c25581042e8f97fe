"""The pure and small parts of operating: the critical chain, calm, logs, ports, what systemd says, the GPU gate."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.embedded import ports, prepare
from omnimind_ops.embedded.home import Home, place
from omnimind_ops.flows import gpu_gate
from omnimind_ops.flows.startup import cpu_pressure
from omnimind_ops.flows.startup.critical_chain import ChainLink, chain, lines, slowest
from omnimind_ops.managers import systemd, units
from omnimind_ops.managers.memory import memory
from omnimind_ops.model.facts import Gpu
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System, with_ports
from omnimind_ops.model.world import Mode, World
from omnimind_ops.paths import Paths
from omnimind_ops.settings import Settings
from omnimind_ops.tools import systemctl


def test_chain_goes_back_from_the_last_ready_through_what_each_waited_for_longest() -> None:
    links = {
        "cluster": ChainLink("cluster", 0, 2),
        "postgres": ChainLink("postgres", 2, 3, ("cluster",)),
        "redis": ChainLink("redis", 0, 1),
        "backend": ChainLink("backend", 3, 5, ("redis", "postgres")),
        "engine": ChainLink("engine", 0, 4),
    }
    result = chain(links)
    assert [item.name for item in result] == ["backend", "postgres", "cluster"]
    assert lines(result) == ("backend @5.0 s +2.0 s", "└─postgres @3.0 s +1.0 s", "  └─cluster @2.0 s +2.0 s")
    assert slowest(tuple(links.values())) == links["engine"]
    assert chain({}) == ()


def test_calm_machine_costs_no_wait_and_a_busy_one_ends_with_the_cap_and_a_reason(tmp_path: Path) -> None:
    (tmp_path / "pressure").mkdir()
    file = tmp_path / "pressure/cpu"
    file.write_text(
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    )
    meter = cpu_pressure.PressureMeter(tmp_path, window=0.02)
    assert meter.wait(5).is_low
    busy = cpu_pressure.PressureMeter(tmp_path, window=0.02)
    busy.readings.extend([0.9, 0.95])
    busy.close()
    busy._thread.join()
    result = busy.wait(0.1)
    assert not result.is_low
    assert "CPU pressure is still 95% after 0.1 s" in result.summary


def test_without_pressure_information_runnable_tasks_are_counted(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("0.1 0.1 0.1 1/300 4242\n")
    meter = cpu_pressure.PressureMeter(tmp_path, window=0.02)
    assert meter.wait(5).is_low
    (tmp_path / "loadavg").write_text("90.1 0.1 0.1 99/300 4242\n")
    assert not cpu_pressure.PressureMeter(tmp_path, window=0.02).wait(0.1).is_low


def test_taken_port_is_seen_and_the_next_free_one_is_offered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as link:
        port = link.getsockname()[1]
        assert ports.taken([port]) == (port,)
        other = ports.others([port], [port, port + 1])[port]
        assert other > port + 1
        assert ports.taken([other]) == ()
        result = ports.refuse((port,))
        assert f"port {port}: held by" in result.why
        assert f"(pid {os.getpid()}" in result.why


def test_moved_ports_keep_their_place() -> None:
    before = System(backend_ports=(8000, 8080), redis_port=1, postgres_port=2, qdrant_port=3)
    assert with_ports(before, {8080: 8081, 3000: 3002}) == replace(
        before, backend_ports=(8000, 8081), frontend_port=3002
    )


def test_home_follows_xdg_and_ignores_a_relative_one(tmp_path: Path) -> None:
    assert place({"XDG_STATE_HOME": str(tmp_path)}).state == tmp_path / "omnimind"
    ignored = place({"XDG_STATE_HOME": "relative", "HOME": str(tmp_path)}).state
    assert ignored == (Path("/var/lib/omnimind-embedded") if os.geteuid() == 0 else tmp_path / ".local/state/omnimind")


def test_sockets_move_to_a_short_folder_when_the_state_is_too_deep() -> None:
    deep = Home(Path("/" + "deep/" * 30) / "omnimind")
    assert len(str(deep.run / "engine.sock")) < 100
    assert deep.run != Home(deep.state.parent / "other" / "omnimind").run


def test_memory_counts_own_parts_of_all_and_shared_ones_once() -> None:
    own = memory(os.getpid())
    assert own is not None
    assert own > 10_000_000
    assert memory(2**22 + 1) is None


SHOWN = """Id=omnimind-8000@1.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=watchdog
MainPID=0
NRestarts=3
MemoryCurrent=18446744073709551615
MemoryMax=524288000
ExecMainStatus=6
StateChangeTimestampMonotonic=5000000
InactiveEnterTimestampMonotonic=5000000

Id=qdrant.service
LoadState=loaded
ActiveState=inactive
SubState=dead
Result=success
MainPID=0
NRestarts=0
MemoryCurrent=[not set]
MemoryMax=infinity
StateChangeTimestampMonotonic=9000000
InactiveEnterTimestampMonotonic=9000000

Id=omnimind-guard.service
LoadState=not-found
ActiveState=inactive
SubState=dead
Result=success
InactiveEnterTimestampMonotonic=0
"""


def test_units_are_read_as_systemd_shows_them() -> None:
    worker, qdrant, guard = (systemd.parse_state(block, 10.0, 1000.0) for block in systemctl.parse_show(SHOWN))
    assert (worker.state, worker.restarts, worker.memory_bytes, worker.memory_limit, worker.since) == (
        "backoff",
        3,
        None,
        524288000,
        995.0,
    )
    assert "watchdog" in worker.detail
    assert (qdrant.state, qdrant.by_person, qdrant.memory_limit) == ("stopped", True, None)
    assert (guard.state, guard.by_person, guard.since) == ("stopped", False, None)
    assert "not-found" in guard.detail


def test_native_world_is_read_from_the_installed_units(tmp_path: Path) -> None:
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    names = " ".join(f"omnimind-{port}@{number}.service" for number in (1, 2) for port in (8000, 9090))
    (folder / "omnimind.target").write_text(
        f"[Unit]\nWants=postgresql.service redis-server.service\nWants=qdrant.service {names} omnimind-guard.service\n"
    )
    (folder / "omnimind-frontend.socket").write_text("[Socket]\nListenStream=127.0.0.1:3333\n")
    secrets = tmp_path / "etc/omnimind/secrets"
    secrets.mkdir(parents=True)
    (secrets / "backend.env").write_text(
        "OMNIMIND_POSTGRES_DSN=postgresql://omnimind:x@127.0.0.1:5433/omnimind\nOMNIMIND_REDIS_URL=redis://omnimind:y@127.0.0.1:6380/0\n"
    )
    cluster = tmp_path / "etc/postgresql/15/main"
    cluster.mkdir(parents=True)
    (cluster / "postgresql.conf").write_text("port = 5433\t\t# (change requires restart)\n")
    result = units.world(Settings(), Paths(tmp_path))
    assert result.mode is Mode.NATIVE
    ports = (
        result.system.frontend_port,
        result.system.redis_port,
        result.system.postgres_port,
        result.system.qdrant_port,
    )
    assert (result.system.backend_ports, *ports) == ((8000, 9090), 3333, 6380, 5433, 6333)
    assert result.system.workers == 2
    assert "postgresql@15-main.service" in result.units
    assert "y@" not in repr(result)


def world() -> World:
    """A native one without anything."""
    nothing = Path("/nonexistent")
    return World(Mode.NATIVE, System(), nothing, nothing, nothing, nothing, nothing)


def card(**more: object) -> Gpu:
    """A GTX 1650 with driver 535."""
    arguments = {
        "present": True,
        "driver": "535.183.01",
        "cuda": "12.2",
        "name": "GTX 1650",
        "memory": 4 << 30,
        "lock": "cu12",
        "reason": "driver 535 runs CUDA 12",
        "fault": "",
        "fix": "",
    }
    return Gpu(**{**arguments, **more})  # type: ignore[arg-type]


def test_gpu_gate_opens_with_the_variables_that_cuda_needs(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    for node in gpu_gate.NODES:
        (tmp_path / node).touch()
    result = gpu_gate.gate(world(), "", {"CUDA_VISIBLE_DEVICES": "0"}, read_gpu=card, root=tmp_path)
    assert result.device == "cuda"
    assert result.environment == {
        "OMNIMIND_LOCK": "cu12",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_MODULE_LOADING": "LAZY",
        "CUDA_VISIBLE_DEVICES": "0",
    }


def test_gpu_gate_with_a_missing_node_is_bounded_and_names_it(tmp_path: Path) -> None:
    result = gpu_gate.gate(world(), "", {}, read_gpu=card, root=tmp_path, seconds=0.3)
    assert result.device == "cuda"
    assert "/dev/nvidiactl is missing" in result.why


@pytest.mark.parametrize(
    ("lock", "words", "why"),
    [("cpu", {}, "settings"), ("", {"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES is empty"), ("", {}, "no card")],
)
def test_gpu_gate_ends_in_cpu_mode_with_a_reason(lock: str, words: dict[str, str], why: str) -> None:
    result = gpu_gate.gate(world(), lock, words, read_gpu=lambda: card(lock="cpu", reason="there is no card"))
    assert (result.device, result.environment) == ("cpu", {"OMNIMIND_LOCK": "cpu"})
    assert why in result.why


@pytest.mark.parametrize("name", ["a ;b", "a #b", "a\nb"])
def test_a_folder_that_supervisor_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match="cannot keep the data there"):
        prepare.folders(Home(tmp_path / name))
    assert not (tmp_path / name).exists()
