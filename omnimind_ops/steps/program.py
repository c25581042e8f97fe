"""kind "program": stage Qdrant's program, of exactly the version that wrote the data, with what it needs to start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.arguments import text, words
from omnimind_ops.tools import program
from omnimind_ops.tools.shell import run


@dataclass(frozen=True)
class ProgramStep:
    """Stages a program from a container (or `file`, of this host) as stage/qdrant-VERSION/ and proves that it starts.

    Libraries of the container come along whenever the host's do not do: until packages are installed it starts with
    those.
    """

    paths: Paths

    def preview(self, step: Step) -> Preview:
        """Say what would be taken, and how it will start; no when it is staged already."""
        folder = self._folder(step)
        source = text(step.args, "file") or text(step.args, "path")
        lines = [f"{source} → {folder / program.PROGRAM}", text(step.args, "reason")]
        if files := _files(step.args):
            lines.append(f"{', '.join(files)} → {folder / program.LIBRARIES}")
        if static := text(step.args, "static"):
            lines.append(f"{static} → {folder / program.STATIC}")
        change = Change.NO if (folder / program.FACTS).exists() else Change.YES
        return Preview(step.id, change, tuple(one for one in lines if one))

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Take all beside, run `--version`, rename."""
        folder = self._folder(step)
        if (folder / program.FACTS).exists():
            return False
        partial = folder.with_name(f"{folder.name}.partial")
        for stale in (partial, folder):  # staged by a run that was killed, or by an older omnimind
            shutil.rmtree(stale, ignore_errors=True)
        (partial / program.LOADER).mkdir(parents=True)
        _take(step.args, partial)
        _describe(step.args, partial)
        tell(line(step.id, _proved(partial)))
        tell(line(step.id, text(step.args, "reason")))
        partial.rename(folder)
        return True

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Leave it: a staged folder that nothing runs."""

    def _folder(self, step: Step) -> Path:
        return self.paths.stage / f"qdrant-{text(step.args, 'version')}"


def _take(args: Mapping[str, JSON], folder: Path) -> None:
    container, target = text(args, "container"), folder / program.PROGRAM
    if file := text(args, "file"):
        shutil.copyfile(file, target)
    else:
        _copy(container, text(args, "path"), target)
    target.chmod(0o755)
    libraries = folder / program.LIBRARIES
    for name, path in _files(args).items():
        libraries.mkdir(exist_ok=True)
        _copy(container, path, libraries / name)
        (libraries / name).chmod(0o755)
    if static := text(args, "static"):
        _copy(container, static, folder / program.STATIC)


def _describe(args: Mapping[str, JSON], folder: Path) -> None:
    """Write how it starts: from here with the container's loader if there is one, since packages come later."""
    loader = text(args, "loader")
    if loader:
        (folder / program.LOADER / program.PROGRAM).symlink_to(f"../{program.LIBRARIES}/{loader}")
    else:
        (folder / program.LOADER).rmdir()
    start = folder / program.START
    start.write_text(program.start_script(loader))
    start.chmod(0o755)
    facts = {name: text(args, name) for name in ("version", "way", "loader")} | {
        "packages": words(args.get("packages"))
    }
    (folder / program.FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _proved(folder: Path) -> str:
    """Run it once. A given program that waits for its packages is tried by role qdrant, when they are there."""
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


def _files(args: Mapping[str, JSON]) -> dict[str, str]:
    files = args.get("files")
    return {str(name): str(path) for name, path in files.items()} if isinstance(files, Mapping) else {}
