"""Which wheels a host accepts, by their file names alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from omnimind_ops.model.wheelhouse import Target
from omnimind_ops.tools.wheel_file import normal

ALIASES = {(2, 5): "manylinux1", (2, 12): "manylinux2010", (2, 17): "manylinux2014"}
"""Names of tags before they had numbers (PEP 600)."""
OLDEST_GLIBC = 5


def parse_name(file: str) -> tuple[str, str] | None:
    """Return a wheel's project and version; None if it is not a wheel."""
    try:
        name, version, _, _ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return None
    return normal(name), str(version)


def rank(file: str, target: Target) -> int | None:
    """Return how well a wheel fits, 0 best; None when the target cannot install it."""
    order = _order(target)
    return min((order[tag] for tag in parse_wheel_filename(file)[3] if tag in order), default=None)


def best(files: Sequence[str], target: Target) -> str | None:
    """Return the wheel that an installer would choose."""
    ranked = [(fit, file) for file in files if (fit := rank(file, target)) is not None]
    return min(ranked)[1] if ranked else None


def describe(file: str) -> str:
    """Return what a wheel needs, for people: "CPython 3.11, glibc 2.34"."""
    tags = sorted(str(tag) for tag in parse_wheel_filename(file)[3])
    interpreter, abi, _ = tags[0].split("-", 2)
    name = "CPython" if interpreter.startswith("cp") else "Python"
    minor = f".{interpreter[3:]}" if interpreter[3:] else ""
    python = f"{name} {interpreter[2:3]}{minor}{' or newer' if abi == 'abi3' else ''}"
    libraries = [_glibc(tag.split("-", 2)[2]) for tag in tags]
    oldest = min((version for version in libraries if version), default=None)
    machine = tags[0].split("-", 2)[2]
    return f"{python}, " + (f"glibc {oldest[0]}.{oldest[1]}, {_machine(machine)}" if oldest else f"platform {machine}")


def _glibc(platform: str) -> tuple[int, int] | None:
    for version, name in ALIASES.items():
        if platform.startswith(f"{name}_"):
            return version
    parts = platform.split("_")
    return (int(parts[1]), int(parts[2])) if parts[0] == "manylinux" and len(parts) > 3 else None


def _machine(platform: str) -> str:
    return platform.split("_", 3)[3] if platform.startswith("manylinux_") else platform.split("_", 1)[1]


@cache
def _order(target: Target) -> dict[Tag, int]:
    major, minor = (int(part) for part in target.minor.split("."))
    tags = [
        *cpython_tags((major, minor), (f"cp{major}{minor}",), _platforms(target)),
        *compatible_tags((major, minor), f"cp{major}{minor}", _platforms(target)),
    ]
    return {tag: position for position, tag in reversed(list(enumerate(tags)))}


def _platforms(target: Target) -> list[str]:
    names = []
    for minor in range(target.glibc[1], OLDEST_GLIBC - 1, -1):
        names.append(f"manylinux_2_{minor}_{target.machine}")
        if alias := ALIASES.get((2, minor)):
            names.append(f"{alias}_{target.machine}")
    return [*names, f"linux_{target.machine}"]
