"""The folder that keeps what takes minutes to build, and the lock that keeps two test sessions from building it twice."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_LENGTH = 16
KEY = re.compile(rf"-[0-9a-f]{{{KEY_LENGTH}}}(?=\.|$)")
KEPT_OF_A_KIND = 4


def cache_folder() -> Path:
    """`$OMNIMIND_HOST_CACHE`, else `~/.cache/omnimind/hosts`; made on first use."""
    named = os.environ.get("OMNIMIND_HOST_CACHE")
    folder = Path(named) if named else Path.home() / ".cache" / "omnimind" / "hosts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def key_of(*parts: str | bytes) -> str:
    """A short key for everything that shapes a result; the order of the parts counts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:KEY_LENGTH]


def key_of_files(files: Iterable[Path], root: Path) -> str:
    """A key for the names (below `root`) and the contents of these files."""
    parts: list[str | bytes] = []
    for file in sorted(files):
        parts += [str(file.relative_to(root)), file.read_bytes()]
    return key_of(*parts)


def sources(folder: Path) -> list[Path]:
    """The files of a source folder, without what Python leaves there."""
    return sorted(f for f in folder.rglob("*") if f.is_file() and "__pycache__" not in f.parts)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the machine-wide lock of this name; a second holder waits."""
    folder = cache_folder() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def kept(name: str, build: Callable[[Path], None]) -> Path:
    """The cached file or folder of this name; where it is missing, `build(temporary path)` makes it.

    It appears under its name only when it is whole: built beside, then renamed.
    """
    target = cache_folder() / name
    if found(name):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(name.replace("/", "-")):
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix=".building-", dir=cache_folder()) as beside:
                made = Path(beside) / target.name
                build(made)
                made.rename(target)
    found(name)
    prune(kind_of(name))
    return target


def found(name: str) -> Path | None:
    """The cached file or folder of this name, marked as just used; None where there is none."""
    target = cache_folder() / name
    if not target.exists():
        return None
    os.utime(target)
    return target


def kind_of(name: str) -> str:
    """A name without its key: what stays the same when sources change."""
    return KEY.sub("", name)


def prune(kind: str) -> None:
    """Of each kind keep the few that were used last: a change of sources leaves hundreds of megabytes behind."""
    with locked("prune"):
        same = [path for path in cache_folder().iterdir() if kind_of(path.name) == kind and KEY.search(path.name)]
        for path in sorted(same, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_OF_A_KIND:]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
