"""How a Qdrant program starts on this host; determined by reading it, before anything is changed."""

from __future__ import annotations

import platform
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import Binary, LibrarySource, Start
from omnimind_ops.planning.program import start
from omnimind_ops.tools import elf, libraries, packages
from omnimind_ops.tools.shell import run

HOME = "/qdrant"
PROGRAM = f"{HOME}/qdrant"
STATIC = f"{HOME}/static"
SCRIPT = b"#!"


@dataclass(frozen=True)
class Program:
    """How the program starts here; `version` as it reports it, "" when it was not run."""

    start: Start
    version: str = ""


def from_container(container: Container) -> Program:
    """Return how the container's own program starts on this host."""
    with tempfile.TemporaryDirectory(prefix="omnimind-program-") as folder:
        scratch = Path(folder)
        binary = _read_headers(_copy_from_container(container, scratch))
        if binary is None:
            return Program(Start(LibrarySource.HOST))
        return Program(_start(binary, HOME, scratch, libraries.in_container(container.id, binary, HOME, scratch)))


def from_path(path: Path) -> Program:
    """Return how a program on this host starts, and the version it reports.

    Packages that it needs are only unpacked to run it, not installed.
    """
    if not path.is_file():
        fix = "pass the path of the program: --qdrant-binary PATH"
        raise Problem("cannot use --qdrant-binary", f"there is no file {path}", fix)
    with tempfile.TemporaryDirectory(prefix="omnimind-program-") as folder:
        binary, scratch = _read_headers(path), Path(folder)
        start_method = _start(binary, str(path.parent), scratch) if binary else Start(LibrarySource.HOST)
        command: tuple[str, ...] = (str(path),)
        if binary and start_method.way is LibrarySource.PACKAGES:
            library_folders = sorted({str(file.parent) for file in scratch.rglob("*.so*")})
            command = (binary.interpreter, "--library-path", ":".join(library_folders), str(path))
        return Program(start_method, version_of(run((*command, "--version"), timeout=60).out))


def version_of(output: str) -> str:
    """Return the version in a program's output, "" without one."""
    match = re.search(r"\d+\.\d+\.\d+", output)
    return match.group() if match else ""


def web_ui(container: Container) -> str:
    """Return the folder of the container's web UI, "" when it has none."""
    page = run(("docker", "cp", f"{container.id}:{STATIC}/index.html", "-"), check=False, timeout=60)
    return STATIC if page.ok else ""


def _start(binary: Binary, home: str, scratch: Path, container: libraries.FindLibrary | None = None) -> Start:
    scratch.chmod(0o755)  # apt downloads as its own user
    host, offer = libraries.on_host(binary, home), packages.PackageFinder(_make_folder(scratch / "packages"))
    return start(binary, platform.machine(), host, offer, container)


def _copy_from_container(container: Container, scratch: Path) -> Path:
    target = scratch / "program"
    done = run(("docker", "cp", "--follow-link", f"{container.id}:{PROGRAM}", str(target)), check=False, timeout=300)
    if done.ok and target.is_file():
        return target
    if done.ok or "Could not find" in done.err or "No such container:path" in done.err:
        raise Problem(
            "cannot copy Qdrant's program from its container",
            f"image {container.image} of {container.name} has no file {PROGRAM}",
            "pass --qdrant-binary PATH with the program of the container's version",
        )
    fix = "free disk space or fix Docker, then run the same command again"
    raise Problem("cannot copy Qdrant's program from its container", done.err.strip(), fix)


def _read_headers(path: Path) -> Binary | None:
    """Return the program's headers; None for a script, which needs no libraries."""
    binary = elf.read(path)
    with path.open("rb") as file:
        if binary is None and file.read(2) != SCRIPT:
            raise Problem(
                "cannot use the Qdrant program",
                f"{path.name} is damaged or not a Linux program",
                "pass --qdrant-binary PATH with an intact one",
            )
    return binary


def _make_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder
