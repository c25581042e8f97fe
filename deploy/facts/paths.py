"""Paths: kind, mode, owner and content of any number of paths, from one tar."""

from __future__ import annotations

import base64
import io
import shlex
import tarfile
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class PathState:
    """State of a path. `kind` is file, folder, link or other; `content` is a link's target or a file's bytes."""

    kind: str
    mode: int
    user: str
    group: str
    content: bytes


class Paths(FactBase[dict[str, PathState]]):
    """Path → PathState, for existing paths."""

    def command(self, paths: tuple[str, ...]) -> str:
        quoted = " ".join(shlex.quote(path) for path in paths)
        # On a first run, missing paths are normal, so tar's exit status is ignored.
        return f"tar --no-recursion --ignore-failed-read -cPf - {quoted} 2>/dev/null | base64 -w0; true"

    def process(self, output: list[str]) -> dict[str, PathState]:
        data = base64.b64decode("".join(output))
        states = {}
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                path = "/" + member.name.strip("/")
                states[path] = PathState(
                    _kind(member), member.mode & 0o7777, member.uname, member.gname, _content(archive, member)
                )
        return states

    @staticmethod
    def default() -> dict[str, PathState]:
        return {}


def _kind(member: tarfile.TarInfo) -> str:
    # tar reports a second name of the same file as a hard link, and we never write one.
    kinds = ((member.isreg(), "file"), (member.isdir(), "folder"), (member.issym(), "link"))
    return next((kind for is_it, kind in kinds if is_it), "other")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.issym():
        return member.linkname.encode()
    source = archive.extractfile(member) if member.isreg() else None
    return source.read() if source else b""
