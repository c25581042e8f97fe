"""Arguments of `uv pip` commands for a given target, and wheels from its pylock.toml. Pure except for finding uv."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from uv import find_uv_bin

from omnimind_ops.model.wheelhouse import Target, WheelFile
from omnimind_ops.tools.wheel_file import normal

GLIBC = (17, 28, *range(31, 41))
"""The minor versions of glibc 2 that uv has a platform for."""
QUIET = ("--quiet", "--no-config", "--no-python-downloads", "--system-certs")


def compile_command(requirements: Sequence[Path], target: Target, out: Path, cache: Path) -> tuple[str, ...]:
    """Return the command that asks the index for the wheels of these requirements for the target.

    The result is written to `out`, a pylock.toml.
    """
    options = (
        "--no-deps",
        "--no-header",
        "--format",
        "pylock.toml",
        "--only-binary",
        ":all:",
        "--output-file",
        str(out),
    )
    return (
        find_uv_bin(),
        "pip",
        "compile",
        *QUIET,
        "--cache-dir",
        str(cache),
        *options,
        *_platform(target),
        *map(str, requirements),
    )


def dry_run_command(
    folder: Path, target: Target, python: str, into: Path, requirements: Sequence[str]
) -> tuple[str, ...]:
    """Return the command that simulates, offline, installing `requirements` for the target from a folder of wheels."""
    options = (
        "--dry-run",
        "--offline",
        "--no-index",
        "--find-links",
        str(folder),
        "--only-binary",
        ":all:",
        "--target",
        str(into / "target"),
    )
    return (
        find_uv_bin(),
        "pip",
        "install",
        *QUIET,
        "--cache-dir",
        str(into / "cache"),
        *options,
        "--python",
        python,
        *_platform(target),
        *requirements,
    )


def _platform(target: Target) -> tuple[str, ...]:
    minor = max((version for version in GLIBC if version <= target.glibc[1]), default=GLIBC[0])
    return "--python-version", target.minor, "--python-platform", f"{target.machine}-manylinux_2_{minor}"


def parse_lock(text: str, folder: Path) -> dict[str, tuple[WheelFile, ...]]:
    """Return the wheels by project of a pylock.toml (PEP 751); its paths are relative to `folder`."""
    return {
        normal(str(package["name"])): tuple(_wheel(entry, folder) for entry in package.get("wheels", ()))
        for package in tomllib.loads(text).get("packages", ())
    }


def _wheel(entry: dict[str, object], folder: Path) -> WheelFile:
    url = str(entry["url"]) if "url" in entry else str(folder / str(entry["path"]))
    name = str(entry.get("name") or unquote(url.partition("#")[0].rpartition("/")[2]))
    hashes, size = entry.get("hashes"), entry.get("size")
    return WheelFile(
        name,
        url,
        str(hashes.get("sha256", "")) if isinstance(hashes, dict) else "",
        size if isinstance(size, int) else None,
    )
