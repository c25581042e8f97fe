"""A folder of wheels that a host installs from without a network: a hash-pinned lock, the model, and omnimind's own
wheel.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from omnimind_ops import origin
from omnimind_ops.flows.wheelhouse.choose import choose
from omnimind_ops.flows.wheelhouse.download import fetch
from omnimind_ops.model.wheelhouse import Target

from .cache import kept, key_of
from .words import Mount

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/wheelhouse"
MODEL, COMMAND = ROOT / "locks/model.txt", ROOT / "locks/cli.txt"
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python of these tests: CPython 3.11, as bookworm's."""
GLIBC = (2, 31)
"""bullseye has it, the oldest suite."""


def wheelhouse(lock: Path | None = None, python: str = OURS) -> Path:
    """The folder of wheels for `lock` (default `locks/cpu.txt`), with the model's, the command's and omnimind's own
    beside them, all cached.

    They are for this Python, and for the oldest glibc of all suites: every host takes them.
    """
    lock = (lock or ROOT / "locks" / "cpu.txt").resolve(strict=True)
    locked_wheels = _locked(lock, python)
    with tempfile.TemporaryDirectory(prefix="omnimind-wheel-") as scratch:
        own = origin.wheel(Path(scratch))
        key = key_of(locked_wheels.name, own.read_bytes())

        def build(target: Path) -> None:
            shutil.copytree(locked_wheels, target, copy_function=_link_or_copy)
            shutil.copy2(lock, target / "requirements.txt")
            shutil.copy2(own, target)

        return kept(f"wheelhouse-{key}", build)


def mount(lock: Path | None = None, python: str = OURS) -> Mount:
    """The wheelhouse as a read-only mount at /wheelhouse."""
    return Mount(wheelhouse(lock, python), INSIDE)


def _locked(lock: Path, python: str) -> Path:
    """The wheels that `omnimind wheelhouse` chooses and fetches."""
    locks, target = (lock, MODEL, COMMAND), Target(python, GLIBC)

    def build(folder: Path) -> None:
        folder.mkdir()
        fetch(folder, choose(locks, target), lambda _: None)

    tag = f"cp{python.replace('.', '')}"
    return kept(f"wheels-{tag}-{key_of(str(target), *(item.read_bytes() for item in locks))}", build)


def _link_or_copy(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
