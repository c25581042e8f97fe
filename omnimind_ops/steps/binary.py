"""kind "binary": copy a program out of a container, so that native Qdrant is exactly the version that wrote the data."""

from __future__ import annotations

from dataclasses import dataclass

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.arguments import text
from omnimind_ops.tools.shell import run


@dataclass(frozen=True)
class BinaryStep:
    """Stages container:/path as stage/qdrant-<version>/qdrant and proves that it runs on this host."""

    paths: Paths

    def preview(self, step: Step) -> Preview:
        """Say which file would be taken; no when it is staged already."""
        target = self.paths.stage / f"qdrant-{text(step.args, 'version')}" / "qdrant"
        return Preview(step.id, Change.NO if target.exists() else Change.YES, (f"{text(step.args, 'path')} → {target}",))

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Copy beside, run `--version`, rename."""
        folder = self.paths.stage / f"qdrant-{text(step.args, 'version')}"
        target = folder / "qdrant"
        if target.exists():
            return False
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "qdrant.partial"
        run(("docker", "cp", "--follow-link", f"{text(step.args, 'container')}:{text(step.args, 'path')}", str(partial)), timeout=300)
        partial.chmod(0o755)
        said = run((str(partial), "--version"), check=False, timeout=60)
        if not said.ok:
            raise Problem(
                "cannot run the container's Qdrant program on this host",
                (said.err or said.out).strip() or f"it ended with {said.code}",
                "pass --qdrant-binary PATH with the static (musl) release of the same version",
            )
        tell(line(step.id, said.out.strip()))
        partial.rename(target)
        return True

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Leave it: a staged file that nothing runs."""
