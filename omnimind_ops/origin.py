"""The origin of OmniMind's code: the files of the running installation.

Hosts and environments get a wheel of exactly these files. The package's name is never looked up on an index: whoever
runs the index could answer with other code, and it would run as root. A checkout (also one installed with `pip install
--editable`) and an installed wheel have the same files in different places.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from omnimind_ops import paths
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import wheel_file

NAME = "omnimind_ops"
"""The distribution's name, as spelled in a wheel's file name."""
ROOT = Path(__file__).resolve().parents[1]
"""The folder of OmniMind's packages: a checkout, or site-packages."""
PACKAGES = ("omnimind_ops", "deploy", "backend")
DATA = ("templates", "locks", "frontend")
PACKED = "omnimind_ops/_data"
"""Where a wheel contains DATA: pyproject.toml's table force-include."""
ENTRY_POINTS = "entry_points.txt"


def with_extras(*names: str) -> str:
    """Return how to install OmniMind with extras: from files, never by name."""
    return f"in omnimind's checkout: pip install '.[{','.join(names)}]' (or the path of its wheel in place of the dot)"


def digest(root: Path = ROOT) -> str:
    """Return 64 hex digits that change with any of OmniMind's files.

    They are the same for a checkout and for an installation made from it.
    """
    result = hashlib.sha256()
    for path, data in sorted({**files(root), ENTRY_POINTS: _info(root)[ENTRY_POINTS]}.items()):
        result.update(f"{path}\0{hashlib.sha256(data).hexdigest()}\n".encode())
    return result.hexdigest()


def wheel(folder: Path, root: Path = ROOT) -> Path:
    """Write the wheel of the installation below `root` into `folder` and return its path.

    Equal files make an equal wheel.
    """
    return wheel_file.write(folder, NAME, version(root), files(root), _info(root))


def file_name(root: Path = ROOT) -> str:
    """Return the name of the file that `wheel` writes."""
    return f"{NAME}-{version(root)}-py3-none-any.whl"


def version(root: Path = ROOT) -> str:
    """Return the version of the installation below `root`."""
    text = (root / "omnimind_ops/__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if not match:
        raise Problem(
            "cannot build omnimind's own wheel", f"{root}/omnimind_ops has no version", "install omnimind again"
        )
    return match[1]


def files(root: Path = ROOT) -> dict[str, bytes]:
    """Return all files by their path in a wheel."""
    files_by_path = {
        f"{name}/{path}": data
        for name in PACKAGES
        for path, data in _below(root / name)
        if not f"{name}/{path}".startswith(PACKED)
    }
    for name in DATA:
        folder = paths.data(name, root / "omnimind_ops")
        packed = {f"{PACKED}/{name}/{path}": data for path, data in _below(folder)}
        if not packed:
            raise Problem(
                "cannot build omnimind's own wheel",
                f"{folder} is empty or missing",
                "install omnimind again; in a checkout, `bash .ci/prepare` builds the page",
            )
        files_by_path |= packed
    return files_by_path


def _below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield OmniMind's own files, without Python's compiled files and hidden files."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if (
            path.is_file()
            and path.suffix != ".pyc"
            and not any(part.startswith((".", "__pycache__")) for part in inner.parts)
        ):
            yield str(inner), path.read_bytes()


def _info(root: Path) -> dict[str, bytes]:
    """Return a wheel's dist-info files: copied from the installation, or made from a checkout's pyproject.toml."""
    place = root / f"{NAME}-{version(root)}.dist-info"
    if (place / "METADATA").is_file():
        names = (
            "METADATA",
            ENTRY_POINTS,
            *(str(path.relative_to(place)) for path in sorted(place.glob("licenses/**/*")) if path.is_file()),
        )
        return {name: (place / name).read_bytes() for name in names}
    manifest = root / "pyproject.toml"
    if not manifest.is_file():
        raise Problem(
            "cannot build omnimind's own wheel", f"neither {manifest} nor {place} exists", "install omnimind again"
        )
    project = tomllib.loads(manifest.read_text(encoding="utf-8"))["project"]
    licenses = {f"licenses/{name}": (root / name).read_bytes() for name in project["license-files"]}
    return {
        "METADATA": wheel_file.metadata(project, version(root)),
        ENTRY_POINTS: wheel_file.entry_points(project["scripts"]),
        **licenses,
    }
