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

from benchmarks.peers.say import say
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from tests.hosts import requirements, tool, wheelhouse
from tests.hosts.cache import kept, key_of
from tests.hosts.host import Host, Mount
from tests.hosts.recipe import Recipe
from tests.hosts.stack.qdrant import qdrant_executable

HERE = Path(__file__).parent
BOOK = "/opt/playbook"
ANSIBLE = "/opt/ansible"
FIRST_SECONDS = 900
WAYS = ("omnimind", "ansible")
WORDS = {
    "omnimind": f"{tool.PROGRAM} converge",
    "ansible": f"cd {BOOK} && LC_ALL=C.UTF-8 {ANSIBLE}/bin/ansible-playbook site.yml",
}
SECONDS = "began=$(date +%s%N); ( {command} ) >/root/said 2>&1 || {{ cat /root/said >&2; exit 1; }}; ended=$(date +%s%N); echo $((ended - began)); cat /root/said"
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
class Provisioned:
    """Seconds of every run, by tool; `differences` are those between the final states, by path of the fact."""

    first: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    noop: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    differences: list[str] = field(default_factory=list)

    def pairs(self, kind: str) -> list[tuple[float, float]]:
        """Return (ours, theirs) of `first` or `noop`, complete pairs only."""
        times: dict[str, list[float]] = getattr(self, kind)
        return list(zip(times["omnimind"], times["ansible"], strict=False))


def measure(firsts: int, noops: int, found: Provisioned) -> None:
    """Fill `found`, which keeps the results if this is interrupted."""
    if why := requirements.why_no_host():
        raise RuntimeError(f"no host can be booted here: {why}")
    mounts = [wheelhouse.mount(), Mount(_wheels(), "/ansible-wheels"), Mount(qdrant_executable(), "/staged-qdrant")]
    for number in range(max(firsts, 1)):
        states: dict[str, Any] = {}
        for way in WAYS if number % 2 == 0 else reversed(WAYS):
            with _host(mounts) as host:
                seconds, said = run(host, way)
                found.first[way].append(seconds)
                say(f"first run {number + 1} of {firsts}: {way:<10}{seconds:8.1f} s   {summary(way, said)}")
                states[way] = state(host)
                if len(states) == len(WAYS):
                    found.differences += differences(states["omnimind"], states["ansible"])
                    say(f"{len(found.differences)} differences between the end states")
                if number == max(firsts, 1) - 1:
                    _noops(host, way, noops if len(states) == len(WAYS) else 0, found)
    if found.differences:
        raise RuntimeError("the end states differ:\n" + "\n".join(found.differences))


def _noops(host: Host, made_by: str, rounds: int, found: Provisioned) -> None:
    """Run each tool on a host made by the other, where nothing may change. Then measure `rounds` pairs, in turns."""
    for way in sorted(WAYS, key=made_by.__eq__):  # the other tool first
        _, said = run(host, way)
        say(f"on a host made by {made_by}: {way:<10}{summary(way, said)}")
        if changes(way, said):
            found.differences.append(f"{way} changes what {made_by} made:\n{said}")
    for number in range(rounds):
        for way in WAYS if number % 2 == 0 else reversed(WAYS):
            seconds, said = run(host, way)
            found.noop[way].append(seconds)
            say(f"no-op {number + 1} of {rounds}: {way:<10}{seconds:8.2f} s   {summary(way, said)}")


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
        host.copy_in(HERE / "ansible", BOOK)
        host.copy_in(HERE / "inside", "/opt/inside")
        host.sh(f"cp -rn {tool.VENV}/lib/python3*/site-packages/omnimind_ops/_data/templates/. {BOOK}/templates/")
        # Ansible's jinja2 drops the last line break of an included template.
        host.sh(f"cd {BOOK}/templates/systemd && for one in share hardening python; do echo >> $one.j2; done")
        # The page cache is not part of the comparison: the first tool must not read the wheels from disk for the
        # second.
        host.sh(
            "install -D -m 755 /staged-qdrant /opt/staged/qdrant; cat /wheelhouse/* /var/cache/apt/archives/*.deb >/dev/null",
            timeout=300,
        )
        host.sh(
            f"{tool.VENV}/bin/python /opt/inside/prepare.py $(systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p') {BOOK}/vars.json"
        )
        yield host


def run(host: Host, way: str) -> tuple[float, str]:
    """Run a tool once. Return the seconds by the host's clock, and its output."""
    clock, _, said = host.sh(SECONDS.format(command=WORDS[way]), timeout=FIRST_SECONDS).partition("\n")
    return int(clock) / 1e9, said


def changes(way: str, said: str) -> int:
    """Return the number of changes that the tool reports."""
    pattern = r"(\d+) changes" if way == "omnimind" else r"changed=(\d+)"
    return int(re.findall(pattern, said)[-1])


def summary(way: str, said: str) -> str:
    """Return the tool's own summary."""
    return f"{changes(way, said)} changes" if way == "omnimind" else re.sub(r"\s+", " ", said.strip().splitlines()[-1])


def state(host: Host) -> dict[str, Any]:
    """Return the state of the host."""
    asked = json.dumps({"units": native.all_units(Goal()), "paths": sorted(set(PATHS))})
    told: dict[str, Any] = json.loads(host.run(("python3", "/opt/inside/state.py"), input=asked, timeout=120).stdout)
    return told


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Yield one line for each difference between two states."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{where}/{key}" if where else key)
    elif ours != theirs:
        yield f"{where}: omnimind {ours}, ansible {theirs}"


def _wheels() -> Path:
    """Return a folder with ansible-core and its dependencies for the host's Python, downloaded once."""
    lock = HERE / "ansible/requirements.txt"

    def build(target: Path) -> None:
        words = (
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
        subprocess.run(words, check=True)

    return kept(f"peer-ansible-{key_of(lock.read_bytes(), sys.version)}", build)


def ratios(found: Provisioned) -> dict[str, float]:
    """Return the median ratios of their time to ours, pair by pair; above 1, ours is faster."""
    told = {}
    for kind, name in (("first", "first_vs_ansible"), ("noop", "noop_vs_ansible")):
        if pairs := found.pairs(kind):
            told[name] = round(statistics.median(theirs / ours for ours, theirs in pairs), 2)
    return told
