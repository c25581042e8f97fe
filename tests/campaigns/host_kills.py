"""A migration on a real host, killed at a random moment; any command or event next; then it is to end whole.

Whole is: all old containers answer and hold what they held, and no native service runs; or the reverse. Whoever listens
on a port belongs to the side that is whole. Data is compared by the hosts' own census.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.result import Campaign, Result, Trial
from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host, HostError
from tests.hosts.sample import ANSWERS, FOLDER, USER, boot_sample, wait_for_stack

POINTS = 300
WHOLE_SECONDS = 300.0
"""How long a command that was started, or a boot, may take to end whole."""
UNITS = "qdrant redis-server omnimind-8000@1 omnimind-8000@2 omnimind-8080@1 omnimind-3001@1 omnimind-frontend"
OWNERS = {6333: "qdrant.service", 6379: "redis-server.service", 3000: "omnimind-frontend.service"}
COMPOSE = "docker-compose"
NEXT: dict[str, Callable[[Host], object]] = {
    "up": lambda host: tool.omnimind(host, "up", check=False),
    "down": lambda host: tool.omnimind(host, "down", check=False),
    "migrate": lambda host: tool.migrate(host, check=False),
    "rollback": lambda host: tool.omnimind(host, "rollback", "--yes", check=False),
    "converge": lambda host: tool.omnimind(host, "converge", check=False),
    "health": lambda host: tool.omnimind(host, "health", check=False),
    "reboot": lambda host: host.reboot(),
    "power cut": lambda host: host.crash(),
    "dockerd restart": lambda host: host.sh("systemctl restart docker"),
    "compose up": lambda host: _compose(host, "up", "-d", "--no-build"),
    "compose stop": lambda host: _compose(host, "stop"),
}
"""What happens after the kill. Two of them may follow each other."""
WAYS = (("migrate", "rollback"), ("rollback", "migrate"))
"""The commands to a whole end, in the order in which a person may try them."""


@dataclass
class Stage:
    """The host that the trials share; a trial that ends bad gets the next one a new host."""

    host: Host | None = None
    before: dict[str, Any] = field(default_factory=dict)
    seconds: float = 60.0  # that a migration takes here

    def ready(self) -> Host:
        """Return a host with the old stack, full of data."""
        if self.host is None:
            self.host = boot_sample(points=POINTS, mounts=[wheelhouse.mount()])
            tool.place(self.host)
            self.before = tool.census(self.host, native=False)
            began = time.monotonic()
            tool.migrate(self.host)
            self.seconds = time.monotonic() - began
            tool.omnimind(self.host, "rollback", "--yes")
            wait_for_stack(self.host)
        return self.host

    def close(self) -> None:
        """Stop the host."""
        if self.host:
            self.host.stop()
        self.host = None


@contextmanager
def opened() -> Iterator[Trial]:
    """One host for all, replaced when a trial leaves it half."""
    stage = Stage()
    try:
        yield lambda chance: trial(stage, chance)
    finally:
        stage.close()


def trial(stage: Stage, chance: random.Random) -> Result:
    """Kill one migration, let one or two things happen, and bring the host to a whole end."""
    host = stage.ready()
    moment = chance.uniform(0, stage.seconds)
    events = chance.sample(sorted(NEXT), chance.choice((1, 1, 2)))
    way = chance.choice(WAYS)
    killed = _kill_after(host, moment)
    done = f"killed after {moment:.1f} s ({killed}), then {', '.join(events)}"
    for event in events:
        NEXT[event](host)
    began = time.monotonic()
    said = ""
    for command in ("", *way):
        if command:
            reply = NEXT[command](host)
            assert isinstance(reply, subprocess.CompletedProcess)
            said = f"{command} exits {reply.returncode}: {' '.join(reply.stderr.split())[-300:]}"
        side = _wait_until_whole(host, stage.before, 20 if not command else 60)
        if side:
            break
    else:
        stage.close()
        return Result("neither side whole, no way out", True, f"{done}; {said}")
    seconds = time.monotonic() - began
    detail = f"{done}; whole ({side}) after {seconds:.0f} s {f'by {command}' if command else 'by itself'}"
    if not _back(host, stage, side):
        stage.close()
        return Result("does not come back to the old stack", True, detail)
    return Result(f"whole: {side}", detail=detail)


def _kill_after(host: Host, seconds: float) -> str:
    """Start a migration and `kill -9` its process group after so many seconds; return the last step that it began."""
    script = 'echo $$; exec "$@"'
    words = ("bash", "-c", script, "bash", tool.PROGRAM, *tool.WORDS, "--yes", "--json")
    with host.popen(words, stderr=subprocess.DEVNULL) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        time.sleep(seconds)
        host.run(("bash", "-c", f"kill -9 -- -{pid} || kill -9 {pid} || true"), check=False)
        lines = client.stdout.read().decode().splitlines()
    steps = [line.split('"step": "')[1].split('"')[0] for line in lines if '"doing"' in line and '"step": "' in line]
    return steps[-1] if steps else "before its first step"


def _wait_until_whole(host: Host, before: dict[str, Any], seconds: float) -> str:
    """Return which side is whole within so many seconds: old, native, or "" for none."""
    until = time.monotonic() + seconds
    while True:
        for side, is_whole in (("native", _is_native), ("old", _is_old)):
            if is_whole(host, before):
                return side
        if time.monotonic() > until:
            return ""
        time.sleep(1)


def _is_old(host: Host, before: dict[str, Any]) -> bool:
    active = host.run(("systemctl", "is-active", *UNITS.split()), check=False).stdout.split()
    if "active" in active or not all(_answers(host, question) for question in ANSWERS.values()):
        return False
    return _census(host, native=False) == before


def _is_native(host: Host, before: dict[str, Any]) -> bool:
    active = host.run(("systemctl", "is-active", *UNITS.split()), check=False).stdout.split()
    if set(active) != {"active"} or host.run(("docker", "ps", "-q"), check=False).stdout:
        return False
    return all(_owner(host, port) == unit for port, unit in OWNERS.items()) and _census(host, native=True) == before


def _owner(host: Host, port: int) -> str:
    """Return the unit of the process that listens on a port."""
    script = f"""
    pid=$(ss -Hltnp 'sport = :{port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | head -1)
    sed -n 's#.*/\\([^/]*\\.service\\).*#\\1#p' /proc/$pid/cgroup | head -1
    """
    return host.run(("bash", "-c", script), check=False).stdout.strip()


def _answers(host: Host, question: str) -> bool:
    return host.run(("bash", "-c", question), check=False, timeout=20).returncode == 0


def _census(host: Host, *, native: bool) -> dict[str, Any]:
    """Return what a side holds; nothing while a store does not answer."""
    try:
        return tool.census(host, native=native)
    except (HostError, subprocess.SubprocessError, ValueError):
        return {}


def _back(host: Host, stage: Stage, side: str) -> bool:
    """Bring the host back to the old stack for the next trial."""
    if side == "native":
        tool.omnimind(host, "rollback", "--yes", check=False)
    return _wait_until_whole(host, stage.before, WHOLE_SECONDS) == "old"


def _compose(host: Host, *words: str) -> object:
    command = ("runuser", "-u", USER, "--", COMPOSE, *words)
    return host.run(command, cwd=FOLDER, check=False, timeout=180)


CAMPAIGN = Campaign(
    "host-kills", "a migration on a host, killed at a random moment, then any command or event", opened, ()
)
