"""Check ports: who holds a port that a native service needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from omnimind_ops.model.facts import Holder, Project
from omnimind_ops.model.system import SINGLE_PORTS, System
from omnimind_ops.planning.check import Check, State

OWN_UNITS = ("omnimind-", "omnimind.")
SETTINGS = "/etc/omnimind/omnimind.toml"
FORWARDERS = ("docker-proxy", "dockerd")


def ports(
    holders: Iterable[Holder],
    project: Project | None,
    needed: Sequence[int],
    units: frozenset[str],
    settings: Mapping[int, str] | None = None,
    beside: frozenset[str] = frozenset(),
) -> tuple[Check, ...]:
    """Return one row for the ports that are free or will be, and one for each process that will keep its port.

    `settings`: what would have to be set instead of a port. `beside`: names of the project's containers that go on.
    """
    project_containers = {container.name for container in project.containers} - beside if project else set()
    occupied = [holder for holder in holders if holder.port in needed]
    expected = [
        h for h in occupied if h.container in project_containers or h.unit in units or h.unit.startswith(OWN_UNITS)
    ]
    taken = {holder.port for holder in occupied}
    labels = {
        f"{h.port} {h.container} (this project)"
        if h.container in project_containers
        else f"{h.port} {h.unit} (OmniMind)": None
        for h in expected
    }
    free = ", ".join(str(port) for port in needed if port not in taken)
    summary = "; ".join(text for text in (*labels, f"free: {free}" if free else "") if text)
    rows = [Check("ports", State.OK, summary)] if summary else []
    return (
        *rows,
        *dict.fromkeys(
            _conflict(holder, (settings or {}).get(holder.port, "")) for holder in occupied if holder not in expected
        ),
    )


def advice(system: System) -> dict[int, str]:
    """Return what to write into omnimind.toml so that a port is not needed, by port."""
    taken = set(system.ports)
    free = {port: next(p for p in range(port + 1, 65536) if p not in taken) for port in system.ports}
    single = {getattr(system, name): f"{name} = {free[getattr(system, name)]}" for name in SINGLE_PORTS}
    backends = {
        port: "backend_ports = " + str([other for other in system.backend_ports if other != port] or [free[port]])
        for port in system.backend_ports
    }
    return {port: f"set `{text}` in {SETTINGS}" for port, text in (single | backends).items()}


def _conflict(holder: Holder, setting: str) -> Check:
    check = _held(holder)
    return replace(check, fix=f"{setting}, or: {check.fix}") if setting else check


def _held(holder: Holder) -> Check:
    port = f"port {holder.port}"
    if holder.container:
        return Check(
            "ports",
            State.FAIL,
            f"{port} is held by container {holder.container}, which keeps its port",
            f"docker stop {holder.container}",
        )
    if holder.program in FORWARDERS:
        message = f"{port} is held by {holder.program} (pid {holder.pid}) without a running container"
        kill = f"kill {holder.pid}, or " if holder.program == "docker-proxy" else ""
        return Check("ports", State.FAIL, message, f"it was left behind by a container: {kill}systemctl restart docker")
    if not holder.pid:
        return Check(
            "ports",
            State.FAIL,
            f"{port} is held by a process that this user cannot see",
            f"run as root: ss -ltnp 'sport = :{holder.port}'",
        )
    owner = f"{holder.program or 'a program'} (pid {holder.pid}"
    if holder.unit.endswith((".service", ".socket")):
        return Check(
            "ports",
            State.FAIL,
            f"{port} is held by {owner}, unit {holder.unit})",
            f"systemctl disable --now {holder.unit}",
        )
    return Check("ports", State.FAIL, f"{port} is held by {owner})", f"stop the program: kill {holder.pid}")
