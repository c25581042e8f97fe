"""`systemctl` commands as words, and what they print."""

from __future__ import annotations

import re


def version() -> tuple[str, ...]:
    """Ask for the version; the first line is "systemd 249 (249.11-0ubuntu3.12)"."""
    return "systemctl", "--version"


def show_sockets() -> tuple[str, ...]:
    """Tell every loaded socket unit and what it listens on."""
    return "systemctl", "show", "*.socket", "--property=Id,Listen", "--no-pager"


def parse_version(text: str) -> int:
    """Return 249 for "systemd 249 (…)", 0 for anything else."""
    found = re.match(r"systemd (\d+)", text)
    return int(found.group(1)) if found else 0


def parse_sockets(text: str) -> dict[int, str]:
    """Return the socket unit that listens on each TCP port."""
    units: dict[int, str] = {}
    for block in text.split("\n\n"):
        name = re.search(r"^Id=(.+)$", block, re.MULTILINE)
        for listen in re.findall(r"^Listen=.*:(\d+) \(Stream\)$", block, re.MULTILINE):
            if name:
                units[int(listen)] = name.group(1)
    return units


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
    """Return the ids of the containers that a process runs in, from /proc/PID/cgroup; the host may be in one itself."""
    return tuple(dict.fromkeys(re.findall(r"(?:/docker/|/docker-)([0-9a-f]{64})", cgroup)))
