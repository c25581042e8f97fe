"""kind "maintenance": a page with 503 on the ports of the stopped containers, until the native sockets take them.

One unit of /run for each port. It conflicts with the native socket of its port, so systemd itself stops it before it
starts that socket; it ends with this process; and no reboot brings it back.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.payloads import MaintenancePayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.tools.shell import run
from omnimind_ops.tools.template import render

UNIT = "omnimind-maintenance"
SECONDS = 20.0


@dataclass(frozen=True)
class MaintenanceStep:
    """Starts the pages. A page that cannot start is no reason to stop a migration."""

    payload: ClassVar = MaintenancePayload
    notes: ClassVar = NoNotes
    goal: Goal
    paths: Paths

    def preview(self, step: Task[MaintenancePayload]) -> Preview:
        """Return the ports."""
        ports = tuple(f"{address}:{port}" for address, port in step.payload.addresses)
        return Preview(step.id, Change.YES if ports else Change.NO, ports)

    def do(self, step: Task[MaintenancePayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Write the units and start them."""
        failed = show(step.payload.addresses, self.goal, self.paths)
        if failed:
            tell(warning(f"no page is shown during the cutover: {failed}", step.id))
        else:
            ports = dict.fromkeys(port for _, port in step.payload.addresses)
            tell(line(step.id, f"503 on {', '.join(map(str, ports))} until the native services answer"))
        return not failed

    def undo(self, step: Task[MaintenancePayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Stop them: the containers need their ports."""
        hide(self.paths)


def show(addresses: Sequence[tuple[str, int]], goal: Goal, paths: Paths) -> str:
    """Start a page on these addresses while this process lives; return why one does not start, "" if all do."""
    try:
        return _start(_write(addresses, goal, paths))
    except OSError as error:
        return str(error)


def _write(addresses: Sequence[tuple[str, int]], goal: Goal, paths: Paths) -> list[str]:
    """Write a unit for each port that no native socket has; return their names."""
    units = []
    for port in dict.fromkeys(port for _, port in addresses):
        socket = native.FRONTEND[0] if port == goal.frontend_port else native.socket(port)
        if run(("systemctl", "is-active", "--quiet", socket), check=False).ok:
            continue  # the page would stop it
        own = [address for address, of in addresses if of == port]
        places = " ".join(f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in own)
        values = {"port": port, "places": places, "socket": socket, "goal": goal, "paths": paths, "pid": os.getpid()}
        units.append(f"{UNIT}-{port}.service")
        folder(paths).mkdir(parents=True, exist_ok=True)
        (folder(paths) / units[-1]).write_text(render("systemd/maintenance.service.j2", values))
    return units


def _start(units: Sequence[str]) -> str:
    if not units:
        return ""
    run(("systemctl", "daemon-reload"), check=False)
    started = run(("systemctl", "start", *units), timeout=SECONDS, check=False)
    return "" if started.ok else started.err.strip()


def hide(paths: Paths) -> None:
    """Stop every page, if there are any; their ports are free when this returns."""
    files = tuple(folder(paths).glob(f"{UNIT}-*.service"))
    if not files:
        return
    run(("systemctl", "stop", *(file.name for file in files)), timeout=SECONDS)
    for file in files:
        file.unlink(missing_ok=True)
    run(("systemctl", "daemon-reload"))


def folder(paths: Paths) -> Path:
    """Return the folder of units that do not outlive a reboot."""
    return paths.root / "run/systemd/system"
