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
        folder, asked = self._folder(step), step.payload
        lines = [f"{asked.file or asked.path} → {folder / program.PROGRAM}"]
        if asked.start:
            lines.append(asked.start.reason)
        if asked.start and asked.start.files:
            lines.append(f"{', '.join(asked.start.files)} → {folder / program.LIBRARIES}")
        if asked.static:
            lines.append(f"{asked.static} → {folder / program.STATIC}")
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
        _take(step.payload, partial)
        _describe(step.payload, partial)
        tell(line(step.id, _proved(partial)))
        tell(line(step.id, step.payload.start.reason if step.payload.start else ""))
        partial.rename(folder)
        return True

    def undo(self, step: Task[ProgramPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Do nothing: the staged folder stays, and nothing runs from it."""

    def _folder(self, step: Task[ProgramPayload]) -> Path:
        return self.paths.stage / f"qdrant-{step.payload.version}"


def _take(asked: ProgramPayload, folder: Path) -> None:
    container, target = asked.container, folder / program.PROGRAM
    if asked.file:
        shutil.copyfile(asked.file, target)
    else:
        _copy(container, asked.path, target)
    target.chmod(0o755)
    libraries = folder / program.LIBRARIES
    for name, path in (asked.start.files if asked.start else {}).items():
        libraries.mkdir(exist_ok=True)
        _copy(container, path, libraries / name)
        (libraries / name).chmod(0o755)
    if asked.static:
        _copy(container, asked.static, folder / program.STATIC)


def _describe(asked: ProgramPayload, folder: Path) -> None:
    """Write how it starts: with the container's loader if there is one, because packages are installed later."""
    loader = asked.start.loader if asked.start else ""
    if loader:
        (folder / program.LOADER / program.PROGRAM).symlink_to(f"../{program.LIBRARIES}/{loader}")
    else:
        (folder / program.LOADER).rmdir()
    start = folder / program.START
    start.write_text(program.start_script(loader))
    start.chmod(0o755)
    facts = {
        "version": asked.version,
        "way": asked.start.way if asked.start else "",
        "loader": loader,
        "packages": asked.start.packages if asked.start else (),
    }
    (folder / program.FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _proved(folder: Path) -> str:
    """Run the program once; return its version, or that it waits for packages.

    A given program that needs packages is tested by role qdrant when they are installed.
    """
    done = run((*program.argv(folder), "--version"), check=False, timeout=60)
    if done.ok:
        return done.out.strip()
    facts = json.loads((folder / program.FACTS).read_text())
    if facts["way"] == "packages" and not facts["loader"]:
        return f"it starts once {', '.join(facts['packages'])} is installed"
    raise Problem(
        "cannot run the Qdrant program on this host",
        (done.err or done.out).strip() or f"it ended with {done.code}",
        "pass --qdrant-binary PATH with the static (musl) release of the same version",
    )


def _copy(container: str, path: str, target: Path) -> None:
    run(("docker", "cp", "--follow-link", f"{container}:{path}", str(target)), timeout=300)
