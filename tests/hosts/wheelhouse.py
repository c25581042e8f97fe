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
MODEL, COMMAND = ROOT / "locks/model.txt", ROOT / "locks/cli.txt"
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python of these tests: CPython 3.11, as bookworm's."""
GLIBC = 31
"""2.31 is bullseye's, the oldest suite."""
DOWNLOAD_SECONDS = 900


def wheelhouse(lock: Path | None = None, python: str = OURS) -> Path:
    """The folder of wheels for `lock` (default `locks/cpu.txt`), with the model's, the command's and omnimind's own beside them, all cached.

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
    locks = (lock, MODEL, COMMAND)

    def build(target: Path) -> None:
        options = ("--require-hashes", "--only-binary=:all:", "--no-deps", "--disable-pip-version-check", "--quiet")
        files = (word for one in locks for word in ("-r", str(one)))
        call((sys.executable, "-m", "pip", "download", *options, *target_words(python), "--dest", str(target), *files), timeout=DOWNLOAD_SECONDS)

    tag = f"cp{python.replace('.', '')}"
    return kept(f"wheels-{tag}-{key_of(*target_words(python), *(one.read_bytes() for one in locks))}", build)


def target_words(python: str, glibc: int = GLIBC) -> tuple[str, ...]:
    """pip's words for CPython of this version on x86_64 Linux with glibc 2.`glibc`: pip derives no older platform from a newer one."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(glibc, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    words = ["--implementation", "cp", "--python-version", python]
    words += [word for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for word in ("--abi", abi)]
    return (*words, *(word for platform in platforms for word in ("--platform", platform)))


def _link_or_copy(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
