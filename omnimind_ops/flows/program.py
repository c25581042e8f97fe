"""Which Qdrant program is installed and how it starts on this host; found out before anything is changed, by reading it."""

from __future__ import annotations

import platform
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import Binary, Start, Way
from omnimind_ops.planning.program import start
from omnimind_ops.tools import elf, libraries, packages
from omnimind_ops.tools.shell import run

HOME = "/qdrant"
PROGRAM = f"{HOME}/qdrant"
STATIC = f"{HOME}/static"
SCRIPT = b"#!"


@dataclass(frozen=True)
class Program:
    """How it starts here; `version` as it says itself, "" when nobody asked."""

    start: Start
    version: str = ""


def of_container(container: Container) -> Program:
    """Return how the container's own program starts on this host."""
    with tempfile.TemporaryDirectory(prefix="omnimind-program-") as folder:
        scratch = Path(folder)
        binary = _read(_taken(container, scratch))
        within = libraries.in_container(container.id, binary, HOME, scratch) if binary else None
        found = start(binary, platform.machine(), libraries.on_host(binary, HOME), packages.Offered(_made(scratch / "packages")), within) if binary else Start(Way.HOST)
    return Program(found)


def given(path: Path) -> Program:
    """Return how a program on this host starts, and the version that it tells; packages that it needs are only unpacked for the question."""
    if not path.is_file():
        raise Problem("cannot use the given Qdrant program", f"there is no file {path}", "name the program with --qdrant-binary PATH")
    with tempfile.TemporaryDirectory(prefix="omnimind-program-") as folder:
        binary, scratch = _read(path), Path(folder)
        found = start(binary, platform.machine(), libraries.on_host(binary, str(path.parent)), packages.Offered(scratch), None) if binary else Start(Way.HOST)
        words: tuple[str, ...] = (str(path),)
        if binary and found.way is Way.PACKAGES:
            beside = sorted({str(file.parent) for file in scratch.rglob("*.so*")})
            words = (binary.interpreter, "--library-path", ":".join(beside), str(path))
        return Program(found, version_of(run((*words, "--version"), timeout=60).out))


def version_of(output: str) -> str:
    """Return the version in what a program printed, "" without one."""
    found = re.search(r"\d+\.\d+\.\d+", output)
    return found.group() if found else ""


def web_ui(container: Container) -> str:
    """Return the folder of the container's web UI, "" when it has none."""
    return STATIC if run(("docker", "cp", f"{container.id}:{STATIC}/index.html", "-"), check=False, timeout=60).ok else ""


def _taken(container: Container, scratch: Path) -> Path:
    target = scratch / "program"
    done = run(("docker", "cp", "--follow-link", f"{container.id}:{PROGRAM}", str(target)), check=False, timeout=300)
    if done.ok and target.is_file():
        return target
    if done.ok or "Could not find" in done.err or "No such container:path" in done.err:
        raise Problem(
            "cannot take Qdrant's program from its container",
            f"image {container.image} of {container.name} has no file {PROGRAM}",
            "pass --qdrant-binary PATH with the program of the container's version",
        )
    raise Problem("cannot take Qdrant's program from its container", done.err.strip(), "make room or mend Docker, and run the same command again")


def _read(path: Path) -> Binary | None:
    """Return the program's headers; None for a script, which needs nothing that headers tell."""
    binary = elf.read(path)
    with path.open("rb") as file:
        if binary is None and file.read(2) != SCRIPT:
            raise Problem("cannot use the Qdrant program", f"{path.name} is damaged or not a program for Linux", "pass --qdrant-binary PATH with a whole one")
    return binary


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
