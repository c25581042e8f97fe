"""Read OmniMind's locks: requirements files with one `name==version ; marker` and its hashes each. Pure."""

from __future__ import annotations

import re

from packaging.markers import Marker
from packaging.version import Version

from omnimind_ops.model.wheelhouse import Pin
from omnimind_ops.tools.wheel_file import normal

_LINE = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)(?: ; ([^\\]+?))?((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*")


def parse(text: str) -> tuple[Pin, ...]:
    """Return the requirements in their order; ValueError for any other line."""
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(f"not a pinned requirement: {line[:80]}")
        name, version, marker, hashes = match.groups()
        pins.append(
            Pin(
                normal(name),
                str(Version(version)),
                (marker or "").strip(),
                frozenset(re.findall(r"[0-9a-f]{64}", hashes)),
            )
        )
    return tuple(pins)


def applicable(pins: tuple[Pin, ...], python: str) -> tuple[Pin, ...]:
    """Return the requirements that apply to a Python, "3.12" or "3.12.3"."""
    environment = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python if python.count(".") > 1 else f"{python}.0",
    }
    return tuple(pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(environment))
