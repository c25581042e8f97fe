"""kind "program": stage Qdrant's program in the exact version that wrote the data, with all it needs to start."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.payloads import ProgramPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.tools import program
from omnimind_ops.tools.shell import run


@dataclass(frozen=True)
class ProgramStep:
    """Stages a program from a container (or `file`, from this host) as stage/qdrant-VERSION/ and proves that it starts.

    If the host's libraries do not fit, the container's are staged too: until packages are installed it starts with
    those.
    """

    payload: ClassVar = ProgramPayload
    notes: ClassVar = NoNotes
    paths: Paths

    def preview(self, step: Task[ProgramPayload]) -> Preview:
        """Return what would be staged, and how it will start; no change when it is staged already."""
        folder, payload = self._folder(step), step.payload
        lines = [f"{payload.file or payload.path} → {folder / program.PROGRAM}"]
        if payload.start:
            lines.append(payload.start.reason)
        if payload.start and payload.start.files:
            lines.append(f"{', '.join(payload.start.files)} → {folder / program.LIBRARIES}")
        if payload.static:
            lines.append(f"{payload.static} → {folder / program.STATIC}")
        change = Change.NO if (folder / program.FACTS).exists() else Change.YES
        return Preview(step.id, change, tuple(lines))

    def do(self, step: Task[ProgramPayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Copy everything into a partial folder, run `--version`, rename the folder."""
        folder = self._folder(step)
        if (folder / program.FACTS).exists():
            return False
        partial = folder.with_name(f"{folder.name}.partial")
        for stale in (partial, folder):  # staged by a run that was killed, or by an older omnimind
            shutil.rmtree(stale, ignore_errors=True)
        (partial / program.LOADER).mkdir(parents=True)
        _copy_files(step.payload, partial)
        _write_start(step.payload, partial)
        tell(line(step.id, _version_output(partial)))
        tell(line(step.id, step.payload.start.reason if step.payload.start else ""))
        partial.rename(folder)
        return True

    def undo(self, step: Task[ProgramPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Do nothing: the staged folder stays, and nothing runs from it."""

    def _folder(self, step: Task[ProgramPayload]) -> Path:
        return self.paths.stage / f"qdrant-{step.payload.version}"


def _copy_files(payload: ProgramPayload, folder: Path) -> None:
    container, target = payload.container, folder / program.PROGRAM
    if payload.file:
        shutil.copyfile(payload.file, target)
    else:
        _copy_from_container(container, payload.path, target)
    target.chmod(0o755)
    libraries = folder / program.LIBRARIES
    for name, path in (payload.start.files if payload.start else {}).items():
        libraries.mkdir(exist_ok=True)
        _copy_from_container(container, path, libraries / name)
        (libraries / name).chmod(0o755)
    if payload.static:
        _copy_from_container(container, payload.static, folder / program.STATIC)


def _write_start(payload: ProgramPayload, folder: Path) -> None:
    """Write how it starts: with the container's loader if there is one, because packages are installed later."""
    loader = payload.start.loader if payload.start else ""
    if loader:
        (folder / program.LOADER / program.PROGRAM).symlink_to(f"../{program.LIBRARIES}/{loader}")
    else:
        (folder / program.LOADER).rmdir()
    start = folder / program.START
    start.write_text(program.start_script(loader))
    start.chmod(0o755)
    facts = {
        "version": payload.version,
        "way": payload.start.way if payload.start else "",
        "loader": loader,
        "packages": payload.start.packages if payload.start else (),
    }
    (folder / program.FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _version_output(folder: Path) -> str:
    """Run the program once; return its version, or that it needs packages.

    A program from this host that needs packages is tested by role qdrant when they are installed.
    """
    result = run((*program.argv(folder), "--version"), check=False, timeout=60)
    if result.ok:
        return result.out.strip()
    facts = json.loads((folder / program.FACTS).read_text())
    if facts["way"] == "packages" and not facts["loader"]:
        return f"can start when these packages are installed: {', '.join(facts['packages'])}"
    raise Problem(
        "cannot run the Qdrant program on this host",
        (result.err or result.out).strip() or f"it exited with {result.code}",
        "pass --qdrant-binary PATH with the static (musl) release of the same version",
    )


def _copy_from_container(container: str, path: str, target: Path) -> None:
    run(("docker", "cp", "--follow-link", f"{container}:{path}", str(target)), timeout=300)
