"""The native stack on disposable hosts: `omnimind converge` against an Ansible playbook, first runs on fresh hosts,
then no-ops on one and the same.

Both have what they need installed before the clock starts, take wheels from the same folder and packages from the same
apt cache, and must end in the same state: packages, units, files, environment, database, answers. Before no-ops count,
each must find nothing to change on the other's work.
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
"""What is compared; the trailing slash of a folder is Path's to drop."""


@dataclass
class Provisioned:
    """Seconds of every run, by way; `differences` between the end states, by path of the fact."""

    first: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    noop: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    differences: list[str] = field(default_factory=list)

    def pairs(self, kind: str) -> list[tuple[float, float]]:
        """Return (ours, theirs) of `first` or `noop`, complete pairs only."""
        times: dict[str, list[float]] = getattr(self, kind)
        return list(zip(times["omnimind"], times["ansible"], strict=False))


def measure(firsts: int, noops: int, found: Provisioned) -> None:
    """Fill `found`: it keeps what was measured when this is interrupted."""
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
    """Let each run on what the other made: nothing may change. Then count `rounds` pairs, in turns."""
    for way in sorted(WAYS, key=made_by.__eq__):  # the other one first
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
    """Yield a fresh host with both tools installed and the same goal for both."""
    # What Ansible needs on the host (python3-apt for its module apt): it would install that itself, in the time that
    # counts.
    with Host.boot(Recipe(packages=("python3-apt", "python3-venv")), mounts) as host:
        tool.install(host)
        host.sh(
            f"python3 -m venv {ANSIBLE} && {ANSIBLE}/bin/pip install --quiet --no-index --find-links /ansible-wheels ansible-core",
            timeout=300,
        )
        # The packages wait in apt's cache for both: the mirror's speed is no part of the comparison.
        host.sh("apt-get update && apt-get install --yes --download-only redis-server postgresql", timeout=300)
        host.copy_in(HERE / "ansible", BOOK)
        host.copy_in(HERE / "inside", "/opt/inside")
        host.sh(f"cp -rn {tool.VENV}/lib/python3*/site-packages/omnimind_ops/_data/templates/. {BOOK}/templates/")
        # Ansible's jinja2 drops the last line break of what a template includes.
        host.sh(f"cd {BOOK}/templates/systemd && for one in share hardening python; do echo >> $one.j2; done")
        # Page cache is no part of the comparison: who comes first must not read the wheels from the disk for the other.
        host.sh(
            "install -D -m 755 /staged-qdrant /opt/staged/qdrant; cat /wheelhouse/* /var/cache/apt/archives/*.deb >/dev/null",
            timeout=300,
        )
        host.sh(
            f"{tool.VENV}/bin/python /opt/inside/prepare.py $(systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p') {BOOK}/vars.json"
        )
        yield host


def run(host: Host, way: str) -> tuple[float, str]:
    """Run it once; seconds by the host's own clock, and what it said."""
    clock, _, said = host.sh(SECONDS.format(command=WORDS[way]), timeout=FIRST_SECONDS).partition("\n")
    return int(clock) / 1e9, said


def changes(way: str, said: str) -> int:
    """Return how many changes it reports."""
    pattern = r"(\d+) changes" if way == "omnimind" else r"changed=(\d+)"
    return int(re.findall(pattern, said)[-1])


def summary(way: str, said: str) -> str:
    """Return its own last word."""
    return f"{changes(way, said)} changes" if way == "omnimind" else re.sub(r"\s+", " ", said.strip().splitlines()[-1])


def state(host: Host) -> dict[str, Any]:
    """Return what stands on the host."""
    asked = json.dumps({"units": native.all_units(Goal()), "paths": sorted(set(PATHS))})
    told: dict[str, Any] = json.loads(host.run(("python3", "/opt/inside/state.py"), input=asked, timeout=120).stdout)
    return told


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Yield one line for each fact in which two states differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{where}/{key}" if where else key)
    elif ours != theirs:
        yield f"{where}: omnimind {ours}, ansible {theirs}"


def _wheels() -> Path:
    """Return a folder with ansible-core and what it needs, for the host's Python, downloaded once."""
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
    """Return medians of theirs over ours, pair by pair: above 1, ours is faster."""
    told = {}
    for kind, name in (("first", "first_vs_ansible"), ("noop", "noop_vs_ansible")):
        if pairs := found.pairs(kind):
            told[name] = round(statistics.median(theirs / ours for ours, theirs in pairs), 2)
    return told
