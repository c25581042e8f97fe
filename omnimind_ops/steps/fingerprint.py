"""kind "fingerprint": note what the old Qdrant holds, after its writers stopped and before it stops itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import environment
from omnimind_ops.steps.arguments import text
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint


@dataclass(frozen=True)
class FingerprintStep:
    """Keeps the fingerprint in the journal for `verify`."""

    def preview(self, step: Step) -> Preview:
        """Read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Ask once; a redo after the container stopped keeps what was noted."""
        if memo.get("fingerprint") is not None:
            return False
        key = (
            environment(text(step.args, "key_of")).get("QDRANT__SERVICE__API_KEY", "")
            if text(step.args, "key_of")
            else ""
        )
        seen = fingerprint(QdrantEndpoint(text(step.args, "url"), key or None))
        memo.put("fingerprint", asdict(seen))
        tell(line(step.id, ", ".join(f"{name}: {count}" for name, count in seen.counts.items())))
        return False

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Nothing to undo."""
