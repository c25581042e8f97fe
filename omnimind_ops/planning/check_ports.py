"""Check ports: who holds a port that a native service needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from omnimind_ops.model.facts import Holder, Project
from omnimind_ops.planning.check import Check, State

OURS = ("omnimind-", "omnimind.")
FORWARDERS = ("docker-proxy", "dockerd")


def ports(
    holders: Iterable[Holder], project: Project | None, wanted: Sequence[int], units: frozenset[str]
) -> tuple[Check, ...]:
    """Return one row for the ports that are free or will be, and one for each foreign process."""
    own = {container.name for container in project.containers} if project else set()
    seen = [holder for holder in holders if holder.port in wanted]
    fine = [h for h in seen if h.container in own or h.unit in units or h.unit.startswith(OURS)]
    taken = {holder.port for holder in seen}
    words = {
        f"{h.port} {h.container} (this project)" if h.container in own else f"{h.port} {h.unit} (ours)": None
        for h in fine
    }
    free = ", ".join(str(port) for port in wanted if port not in taken)
    said = "; ".join(word for word in (*words, f"free: {free}" if free else "") if word)
    rows = [Check("ports", State.OK, said)] if said else []
    return (*rows, *dict.fromkeys(_stranger(holder) for holder in seen if holder not in fine))


def _stranger(holder: Holder) -> Check:
    place = f"port {holder.port}"
    if holder.container:
        return Check(
            "ports",
            State.FAIL,
            f"{place} is held by the container {holder.container}, not of this project",
            f"docker stop {holder.container}",
        )
    if holder.program in FORWARDERS:
        found = f"{place} is held by {holder.program} (pid {holder.pid}) without a running container"
        kill = f"kill {holder.pid}, or " if holder.program == "docker-proxy" else ""
        return Check("ports", State.FAIL, found, f"it outlived its container: {kill}systemctl restart docker")
    if not holder.pid:
        return Check(
            "ports",
            State.FAIL,
            f"{place} is held by a process that cannot be seen from here",
            f"look as root: ss -ltnp 'sport = :{holder.port}'",
        )
    who = f"{holder.program or 'a program'} (pid {holder.pid}"
    if holder.unit.endswith((".service", ".socket")):
        return Check(
            "ports",
            State.FAIL,
            f"{place} is held by {who}, unit {holder.unit})",
            f"systemctl disable --now {holder.unit}",
        )
    return Check("ports", State.FAIL, f"{place} is held by {who})", f"stop that program: kill {holder.pid}")
