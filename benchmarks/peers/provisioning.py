"""The native stack on disposable hosts: `omnimind converge` against an Ansible playbook.

First runs are on fresh hosts, no-ops on one host. Both tools are installed before the clock starts, use wheels from the
same folder and packages from the same apt cache, and must reach the same state: packages, units, files, environment,
database, answers. Before no-ops count, each tool must find nothing to change on a host made by the other.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.progress import report
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from tests.hosts import requirements, tool, wheelhouse
from tests.hosts.cache import kept, key_of
from tests.hosts.host import Host, Mount
from tests.hosts.recipe import Recipe
from tests.hosts.stack.qdrant import qdrant_executable

HERE = Path(__file__).parent
PLAYBOOK = "/opt/playbook"
ANSIBLE = "/opt/ansible"
FIRST_SECONDS = 900
TOOLS = ("omnimind", "ansible")
COMMANDS = {
    "omnimind": f"{tool.PROGRAM} converge",
    "ansible": f"cd {PLAYBOOK} && LC_ALL=C.UTF-8 {ANSIBLE}/bin/ansible-playbook site.yml",
}
SECONDS = "began=$(date +%s%N); ( {command} ) >/root/output 2>&1 || {{ cat /root/output >&2; exit 1; }}; ended=$(date +%s%N); echo $((ended - began)); cat /root/output"
PATHS = (
    *(
        f"/etc/omnimind/secrets/{name}"
        for name in ("pgpass", "client.env", "postgres.env", "redis.env", "qdrant.env", "backend.env")
    ),
    *(
        f"/etc/omnimind/secrets/{name}"
        for name in ("postgres.password", "redis.password", "redis-app.password", "qdrant.key")
    ),
    *(f"/var/lib/omnimind/{name}" for name in ("", "bench", "models", "receipts", "stage", "parked", "uploads")),
    *(f"/var/lib/qdrant/{name}" for name in ("", "storage", "snapshots", "tmp")),
    *(
        "/etc/omnimind",
        "/etc/omnimind/secrets",
        "/opt/omnimind",
        "/opt/omnimind/venv",
        "/opt/omnimind/qdrant/current",
        "/opt/omnimind/qdrant/benchmark/qdrant",
        "/opt/omnimind/qdrant/benchmark/start",
    ),
    *(
        "/var/log/omnimind",
        "/usr/local/bin/omnimind",
        "/usr/sbin/policy-rc.d",
        "/etc/qdrant",
        "/etc/qdrant/config.yaml",
        "/etc/redis/redis.conf",
    ),
    *(
        "/etc/redis/omnimind.conf",
        "/etc/postgresql/15/main/conf.d/omnimind.conf",
        "/etc/postgresql/15/main/postgresql.conf",
    ),
    *(f"/etc/systemd/system/{unit}.d/omnimind.conf" for unit in ("redis-server.service", "postgresql@15-main.service")),
    *(f"/etc/systemd/system/{re.sub('@[0-9]+', '@', unit)}" for unit in native.ours(Goal())),
    f"/etc/systemd/system/{native.TARGET}",
)
"""Paths to compare; Path drops the trailing slash of a folder."""


@dataclass
class ProvisioningTimes:
    """Seconds of every run, by tool; `differences` are those between the final states, by path of the fact."""

    first: dict[str, list[float]] = field(default_factory=lambda: {tool_name: [] for tool_name in TOOLS})
    noop: dict[str, list[float]] = field(default_factory=lambda: {tool_name: [] for tool_name in TOOLS})
    differences: list[str] = field(default_factory=list)

    def pairs(self, kind: str) -> list[tuple[float, float]]:
        """Return (ours, theirs) of `first` or `noop`, complete pairs only."""
        times: dict[str, list[float]] = getattr(self, kind)
        return list(zip(times["omnimind"], times["ansible"], strict=False))


def measure(firsts: int, noops: int, times: ProvisioningTimes) -> None:
    """Fill `times`, which keeps the results if this is interrupted."""
    if why := requirements.why_no_host():
        raise RuntimeError(f"cannot boot a test host here: {why}")
    mounts = [wheelhouse.mount(), Mount(_wheels(), "/ansible-wheels"), Mount(qdrant_executable(), "/staged-qdrant")]
    for number in range(max(firsts, 1)):
        states: dict[str, Any] = {}
        for tool_name in TOOLS if number % 2 == 0 else reversed(TOOLS):
            with _host(mounts) as host:
                seconds, output = run(host, tool_name)
                times.first[tool_name].append(seconds)
                report(
                    f"first run {number + 1} of {firsts}: {tool_name:<10}{seconds:8.1f} s   {summary(tool_name, output)}"
                )
                states[tool_name] = state(host)
                if len(states) == len(TOOLS):
                    times.differences += differences(states["omnimind"], states["ansible"])
                    report(f"{len(times.differences)} differences between the final states")
                if number == max(firsts, 1) - 1:
                    _noops(host, tool_name, noops if len(states) == len(TOOLS) else 0, times)
    if times.differences:
        raise RuntimeError("the final states differ:\n" + "\n".join(times.differences))


def _noops(host: Host, made_by: str, rounds: int, times: ProvisioningTimes) -> None:
    """Run each tool on a host made by the other, where nothing may change. Then measure `rounds` pairs, in turns."""
    for tool_name in sorted(TOOLS, key=made_by.__eq__):  # the other tool first
        _, output = run(host, tool_name)
        report(f"on a host made by {made_by}: {tool_name:<10}{summary(tool_name, output)}")
        if changes(tool_name, output):
            times.differences.append(f"{tool_name} changes what {made_by} made:\n{output}")
    for number in range(rounds):
        for tool_name in TOOLS if number % 2 == 0 else reversed(TOOLS):
            seconds, output = run(host, tool_name)
            times.noop[tool_name].append(seconds)
            report(f"no-op {number + 1} of {rounds}: {tool_name:<10}{seconds:8.2f} s   {summary(tool_name, output)}")


@contextmanager
def _host(mounts: list[Mount]) -> Iterator[Host]:
    """Yield a fresh host with both tools installed and the same settings for both."""
    # Ansible's apt module needs python3-apt and would install it during the measurement.
    with Host.boot(Recipe(packages=("python3-apt", "python3-venv")), mounts) as host:
        tool.install(host)
        host.sh(
            f"python3 -m venv {ANSIBLE} && {ANSIBLE}/bin/pip install --quiet --no-index --find-links /ansible-wheels ansible-core",
            timeout=300,
        )
        # The packages are in apt's cache for both: the mirror's speed is not part of the comparison.
        host.sh("apt-get update && apt-get install --yes --download-only redis-server postgresql", timeout=300)
        host.copy_in(HERE / "ansible", PLAYBOOK)
        host.copy_in(HERE / "inside", "/opt/inside")
        host.sh(f"cp -rn {tool.VENV}/lib/python3*/site-packages/omnimind_ops/_data/templates/. {PLAYBOOK}/templates/")
        # Ansible's jinja2 drops the last line break of an included template.
        host.sh(f"cd {PLAYBOOK}/templates/systemd && for name in share hardening python; do echo >> $name.j2; done")
        # The page cache is not part of the comparison: the first tool must not read the wheels from disk for the
        # second.
        host.sh(
            "install -D -m 755 /staged-qdrant /opt/staged/qdrant; cat /wheelhouse/* /var/cache/apt/archives/*.deb >/dev/null",
            timeout=300,
        )
        host.sh(
            f"{tool.VENV}/bin/python /opt/inside/prepare.py $(systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p') {PLAYBOOK}/vars.json"
        )
        yield host


def run(host: Host, tool_name: str) -> tuple[float, str]:
    """Run a tool once. Return the seconds by the host's clock, and its output."""
    clock, _, output = host.sh(SECONDS.format(command=COMMANDS[tool_name]), timeout=FIRST_SECONDS).partition("\n")
    return int(clock) / 1e9, output


def changes(tool_name: str, output: str) -> int:
    """Return the number of changes that the tool reports."""
    pattern = r"(\d+) changes" if tool_name == "omnimind" else r"changed=(\d+)"
    return int(re.findall(pattern, output)[-1])


def summary(tool_name: str, output: str) -> str:
    """Return the tool's own summary."""
    return (
        f"{changes(tool_name, output)} changes"
        if tool_name == "omnimind"
        else re.sub(r"\s+", " ", output.strip().splitlines()[-1])
    )


def state(host: Host) -> dict[str, Any]:
    """Return the state of the host."""
    request = json.dumps({"units": native.all_units(Goal()), "paths": sorted(set(PATHS))})
    reply: dict[str, Any] = json.loads(host.run(("python3", "/opt/inside/state.py"), input=request, timeout=120).stdout)
    return reply


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield one line for each difference between two states."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{path}/{key}" if path else key)
    elif ours != theirs:
        yield f"{path}: omnimind {ours}, ansible {theirs}"


def _wheels() -> Path:
    """Return a folder with ansible-core and its dependencies for the host's Python, downloaded once."""
    lock = HERE / "ansible/requirements.txt"

    def build(target: Path) -> None:
        command = (
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--only-binary=:all:",
            "--no-deps",
            "--dest",
            str(target),
            "-r",
            str(lock),
        )
        subprocess.run(command, check=True)

    return kept(f"peer-ansible-{key_of(lock.read_bytes(), sys.version)}", build)


def ratios(times: ProvisioningTimes) -> dict[str, float]:
    """Return the median ratios of their time to ours, pair by pair; above 1, ours is faster."""
    ratios_by_name = {}
    for kind, name in (("first", "first_vs_ansible"), ("noop", "noop_vs_ansible")):
        if pairs := times.pairs(kind):
            ratios_by_name[name] = round(statistics.median(theirs / ours for ours, theirs in pairs), 2)
    return ratios_by_name
