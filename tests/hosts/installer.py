"""install.sh on a test host: from a checkout or a wheel, of this code or of this code under another version."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from omnimind_ops import origin

from .host import Host
from .wheelhouse import INSIDE

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = "/srv/omnimind"
WHEELS = "/srv/wheels"
CLI = "/opt/omnimind/cli"
COMMAND = "/usr/local/bin/omnimind"
FOLDERS = ("omnimind_ops", "deploy", "backend", "templates", "locks", "frontend")
FILES = ("install.sh", "pyproject.toml", "README.md", "LICENSE")
EVERYTHING = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/log -o -path /var/lib/docker -o -path /srv -o -path /testhost \
  -o -path /var/lib/systemd -o -path /var/cache -o -path /var/lib/apt -o -path /root/.docker \) -prune -o \
  \( -type f -o -type l -o -type d \) -printf '%p %y %m %U:%G %l' \( -type f -printf ' %s %T@' -o -true \) -printf '\n' | sort
"""


@contextmanager
def checkout(version: str = "") -> Iterator[Path]:
    """A copy of what a clone holds (and the built page), under another version when one is named."""
    with tempfile.TemporaryDirectory(prefix="omnimind-checkout-") as scratch:
        copy = Path(scratch)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        (copy / ".ci").mkdir()
        for name in (*FILES, ".ci/node.txt"):
            shutil.copy2(ROOT / name, copy / name)
        if version:
            file = copy / "omnimind_ops/__init__.py"
            file.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', file.read_text()))
        copy.chmod(0o755)
        yield copy


def put_checkout(host: Host) -> None:
    """The checkout at CHECKOUT."""
    with checkout() as copy:
        host.copy_in(copy, CHECKOUT)


def put_wheel(host: Host, version: str) -> str:
    """The wheel of this code under a version, with install.sh beside it; its path in the host."""
    with checkout(version) as copy, tempfile.TemporaryDirectory() as scratch:
        wheel = origin.wheel(Path(scratch), copy)
        inside = f"{WHEELS}/{version}/{wheel.name}"
        host.copy_in(wheel, inside)
    host.copy_in(ROOT / "install.sh", f"{WHEELS}/{version}/install.sh")
    return inside


def install(
    host: Host,
    *arguments: str,
    script: str = f"{CHECKOUT}/install.sh",
    check: bool = True,
    env: Mapping[str, str] | None = None,
    yes: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run install.sh as root."""
    return host.run(("sh", script, *(("--yes",) if yes else ()), *arguments), check=check, timeout=900, env=env)


def from_wheelhouse(host: Host, version: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Install a version whose wheel was put on the host, without a network."""
    folder = f"{WHEELS}/{version}"
    wheel = f"{folder}/omnimind_ops-{version}-py3-none-any.whl"
    return install(host, "--wheelhouse", INSIDE, *arguments, wheel, script=f"{folder}/install.sh", check=check)


def everything(host: Host) -> list[str]:
    """Every file, folder and link of the host with owner, mode, target, size and time; without what changes by itself."""
    return host.sh(EVERYTHING, timeout=120).splitlines()


def packages(host: Host) -> list[str]:
    """The packages that are installed, with their versions."""
    return host.sh("dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'").splitlines()


def environments(host: Host) -> list[str]:
    """The names of the command's environments, and of nothing else there."""
    return host.sh(f"cd {CLI} && find . -mindepth 1 -maxdepth 1 -type d -printf '%f\\n' | sort").splitlines()
