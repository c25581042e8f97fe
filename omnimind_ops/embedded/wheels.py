"""Locate the servers' programs in their wheels; the packages are never imported."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.origin import with_extras

FIX = f"install what an embedded system needs, {with_extras('embedded')}"


def folder(package: str, wheel: str) -> Path:
    """Return an installed package's folder; a Problem names a missing wheel."""
    spec = find_spec(package)
    if not spec or not spec.origin:
        raise Problem(f"cannot find {wheel}", f"the wheel {wheel} is not installed here", FIX)
    return Path(spec.origin).parent


def version(wheel: str) -> str:
    """Return an installed wheel's version."""
    return metadata.version(wheel)


def check(packages: tuple[tuple[str, str], ...]) -> None:
    """Raise Problem when some of these (module, wheel) are not installed; it names all missing ones at once."""
    missing = [wheel for package, wheel in packages if find_spec(package) is None]
    if missing:
        raise Problem("cannot run an embedded system", f"not installed here: {', '.join(missing)}", FIX)


def absent(packages: tuple[tuple[str, str, str], ...]) -> tuple[str, ...]:
    """Return, for each of these (module, wheel, loss) that is not installed, the loss and the command that installs
    it.
    """
    lost = [(wheel, loss) for package, wheel, loss in packages if find_spec(package) is None]
    return tuple(f"{loss}: {wheel} is not installed; {sys.executable} -m pip install {wheel}" for wheel, loss in lost)
