"""Which side of a host is whole: it serves everything, holds what the host held, and its own processes listen."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from tests.hosts import tool
from tests.hosts.census import TTL_STEP
from tests.hosts.host import Host, HostError
from tests.hosts.sample import ANSWERS
from tests.hosts.wget import GET

Census = dict[str, dict[str, Any]]
UNITS = (
    *("qdrant", "redis-server", "postgresql@15-main", "omnimind-engine", "omnimind-frontend", "omnimind-guard"),
    *(f"omnimind-{port}@{number}" for port in (8000, 8080, 3001) for number in (1, 2)),
)
BESIDE = frozenset(("postgresql@15-main", "omnimind-engine", "omnimind-guard"))
"""They have no counterpart among the containers, and may run beside them until the cutover."""
OWNERS = {6333: "qdrant.service", 6379: "redis-server.service"}
NATIVE_ANSWERS = (
    f"{GET} http://127.0.0.1:3000/",
    *(f"{GET} http://127.0.0.1:{port}/health" for port in (8000, 8080, 3001)),
)
POLICIES = "docker inspect -f '{{.Name}} {{.HostConfig.RestartPolicy.Name}}' $(docker ps -aq) | sort"
LEFT = """
ls -d /etc/systemd/system/omnimind-confirm* /etc/systemd/system/omnimind-cutover* /etc/systemd/system/omnimind-resume* \
  /run/systemd/system/omnimind-maintenance* /etc/systemd/system/*/omnimind-resume.service /usr/sbin/policy-rc.d || true
dpkg --audit
"""
"""What no migration that has ended leaves behind."""


def side(host: Host, before: Census) -> str:
    """Return which side is whole now: old, native, or "" for none."""
    return "native" if _is_native(host, before) else "old" if _is_old(host, before) else ""


def wait(host: Host, before: Census, seconds: float) -> str:
    """Return which side is whole within so many seconds, "" for none."""
    until = time.monotonic() + seconds
    while not (found := side(host, before)) and time.monotonic() < until:
        time.sleep(0.5)
    return found


def census(host: Host, *, native: bool) -> Census:
    """Return what a side holds; nothing while a store does not answer."""
    try:
        return tool.census(host, native=native)
    except (HostError, subprocess.SubprocessError, ValueError):
        return {}


def is_equal(before: Census, now: Census) -> bool:
    """Return whether nothing was lost and nothing came; a key whose time is over, or nearly, may be gone."""
    soon = time.time() / TTL_STEP + 10

    def lasting(facts: dict[str, Any]) -> dict[str, Any]:
        return {name: fact for name, fact in facts.items() if not _until(fact) or _until(fact) > soon}

    return {name: lasting(facts) for name, facts in before.items()} == {
        name: lasting(facts) for name, facts in now.items()
    }


def rests(host: Host) -> str:
    """Return what is still there of a migration on a host whose containers serve, "" for nothing."""
    policies = {line.split()[1] for line in host.sh(POLICIES).splitlines()}
    wrong = f"restart policies {', '.join(sorted(policies))}" if policies != {"unless-stopped"} else ""
    active = [unit for unit in UNITS if _states(host, (unit,)) == ["active"]]
    return " ".join(filter(None, (wrong, *active, host.sh(LEFT))))


def _until(fact: object) -> float:
    return float(fact.get("until") or 0) if isinstance(fact, dict) else 0.0


def _is_old(host: Host, before: Census) -> bool:
    native = _states(host, tuple(unit for unit in UNITS if unit not in BESIDE))
    if "active" in native or not all(_answers(host, question) for question in ANSWERS.values()):
        return False
    return is_equal(before, census(host, native=False))


def _is_native(host: Host, before: Census) -> bool:
    if set(_states(host, UNITS)) != {"active"} or host.run(("docker", "ps", "-q"), check=False).stdout:
        return False
    if not all(_answers(host, question) for question in NATIVE_ANSWERS):
        return False
    return all(_owner(host, port) == unit for port, unit in OWNERS.items()) and is_equal(
        before, census(host, native=True)
    )


def _states(host: Host, units: tuple[str, ...]) -> list[str]:
    return host.run(("systemctl", "is-active", *units), check=False).stdout.split()


def _owner(host: Host, port: int) -> str:
    """Return the unit of the process that listens on a port."""
    script = f"""
    pid=$(ss -Hltnp 'sport = :{port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | head -1)
    sed -n 's#.*/\\([^/]*\\.service\\).*#\\1#p' /proc/$pid/cgroup | head -1
    """
    return host.run(("bash", "-c", script), check=False).stdout.strip()


def _answers(host: Host, question: str) -> bool:
    return host.run(("bash", "-c", question), check=False, timeout=20).returncode == 0
