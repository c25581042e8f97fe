"""Choose the wheels for a target: one for each requirement of its locks, by the hashes in them.

Only metadata is downloaded.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.wheelhouse import Pin, Target, WheelFile
from omnimind_ops.tools import index, lock_file, uv, wheel_tags
from omnimind_ops.tools.output import last_lines, main_line
from omnimind_ops.tools.shell import run

SECONDS = 600


def choose(locks: Sequence[Path], target: Target) -> tuple[WheelFile, ...]:
    """Return the wheels for these locks, each once; raise Problem when there is none for the target."""
    pins = {
        pin.name: pin
        for lock in locks
        for pin in lock_file.applicable(lock_file.parse(lock.read_text(encoding="utf-8")), target.python)
    }
    offered = _offered(locks, target)
    return tuple(_best_wheel(pin, offered.get(pin.name, ()), target) for pin in pins.values())


def _offered(locks: Sequence[Path], target: Target) -> dict[str, tuple[WheelFile, ...]]:
    with tempfile.TemporaryDirectory(prefix="omnimind-wheels-") as scratch:
        out = Path(scratch) / "pylock.toml"
        command = uv.compile_command(locks, target, out, Path(scratch) / "cache")
        done = run(command, timeout=SECONDS, check=False, env={**index.environment(os.environ), "UV_NO_WRAP": "1"})
        if not done.ok:
            output = last_lines(done.err.splitlines())
            fix = "check the network and the package index (PIP_INDEX_URL, pip.conf), then run the same command again"
            raise Problem(
                "cannot choose the wheels", main_line(output) or f"uv exited with {done.code}", fix, log=output
            )
        return uv.parse_lock(out.read_text(encoding="utf-8"), Path(scratch))


def _best_wheel(pin: Pin, offered: Sequence[WheelFile], target: Target) -> WheelFile:
    candidates = {wheel.name: wheel for wheel in offered if wheel.sha256 in pin.hashes}
    best = wheel_tags.best(tuple(candidates), target)
    if best is None:
        why = f"the index has no wheel of {pin.name} {pin.version} for {target} whose hash is in the lock"
        raise Problem(
            "cannot choose the wheels", why, "choose another --python, or a newer --glibc if the hosts have one"
        )
    return candidates[best]
