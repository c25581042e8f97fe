"""Arguments of `systemctl` commands, and parsers of their output."""

from __future__ import annotations

import re
from collections.abc import Sequence


def version() -> tuple[str, ...]:
    """Return the command that prints the version; the first line is "systemd 249 (249.11-0ubuntu3.12)"."""
    return "systemctl", "--version"


def show_sockets() -> tuple[str, ...]:
    """Return the command that lists every loaded socket unit and what it listens on."""
    return show(("*.socket",), ("Id", "Listen"))


def parse_version(text: str) -> int:
    """Return 249 for "systemd 249 (…)", 0 for anything else."""
    match = re.match(r"systemd (\d+)", text)
    return int(match.group(1)) if match else 0


def parse_sockets(text: str) -> dict[int, str]:
    """Return the socket unit that listens on each TCP port."""
    return {
        int(port): unit["Id"]
        for unit in parse_show(text)
        for port in re.findall(r"^.*:(\d+) \(Stream\)$", unit.get("Listen", ""), re.MULTILINE)
    }


def unit_of(cgroup: str) -> str:
    """Return the systemd unit in the text of /proc/PID/cgroup, "" when it runs in none."""
    for line in cgroup.splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if (number == "0" and not controllers) or controllers == "name=systemd":
            parts = [part for part in path.split("/") if part.endswith((".service", ".scope", ".socket"))]
            if parts and parts[-1] != "init.scope":
                return parts[-1]
    return ""


def containers_of(cgroup: str) -> tuple[str, ...]:
    """Return the IDs of the containers that a process runs in, from /proc/PID/cgroup.

    The host may be a container itself.
    """
    return tuple(dict.fromkeys(re.findall(r"(?:/docker/|/docker-)([0-9a-f]{64})", cgroup)))


PROPERTIES = (
    "Id", "LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "MainPID", "NRestarts",
    "MemoryCurrent", "MemoryMax", "ExecMainStatus", "StatusText",
    "StateChangeTimestampMonotonic", "InactiveEnterTimestampMonotonic",
)  # fmt: skip
"""Properties queried from a unit. Times are monotonic: `--timestamp=unix` came with systemd 251."""


def show(units: Sequence[str], properties: Sequence[str] = PROPERTIES) -> tuple[str, ...]:
    """Return the command that shows the state of units, known or not."""
    return "systemctl", "show", "--no-pager", f"--property={','.join(properties)}", "--", *units


def parse_show(text: str) -> tuple[dict[str, str], ...]:
    """Return the properties of each unit in the output of `show`, in the order of the request.

    A property that occurs several times has one line for each.
    """
    units: list[dict[str, str]] = []
    for block in text.split("\n\n"):
        properties: dict[str, str] = {}
        for key, is_set, value in (line.partition("=") for line in block.splitlines()):
            if is_set:
                properties[key] = f"{properties[key]}\n{value}" if key in properties else value
        units += [properties] if properties else []
    return tuple(units)


def start(units: Sequence[str]) -> tuple[str, ...]:
    """Return the command that starts units without waiting."""
    return "systemctl", "start", "--no-block", "--", *units


def stop(units: Sequence[str]) -> tuple[str, ...]:
    """Return the command that stops units and waits until they have ended."""
    return "systemctl", "stop", "--", *units


def restart(units: Sequence[str]) -> tuple[str, ...]:
    """Return the command that restarts units and waits until the new ones report that they are ready."""
    return "systemctl", "restart", "--", *units


def kill(unit: str) -> tuple[str, ...]:
    """Return the command that sends SIGKILL to all processes of a unit."""
    return "systemctl", "kill", "--signal=KILL", "--", unit


def reset(units: Sequence[str]) -> tuple[str, ...]:
    """Return the command that resets failures: a unit that failed too often too fast would not be started again."""
    return "systemctl", "reset-failed", "--", *units


def journal(
    units: Sequence[str],
    *,
    lines: int | None = None,
    since: float | None = None,
    output: str = "short-iso",
    after: str = "",
) -> tuple[str, ...]:
    """Return the command that reads the journal of units, oldest first; `since` is unix seconds, `after` a cursor."""
    command = ["journalctl", "--no-pager", "--quiet", f"--output={output}", *(f"--unit={unit}" for unit in units)]
    command += [f"--lines={lines}"] if lines is not None else []
    command += [f"--since=@{since:.3f}"] if since is not None else []
    return (*command, f"--after-cursor={after}") if after else tuple(command)


def sync() -> tuple[str, ...]:
    """Return the command that flushes the journal: the last lines of a dead unit may still be in transit. Root only."""
    return "journalctl", "--sync"
