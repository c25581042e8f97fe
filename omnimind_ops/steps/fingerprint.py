"""kind "fingerprint": record the content of the old Qdrant when its writers have stopped and before it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.health.stores import COLLECTION
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import FingerprintNotes
from omnimind_ops.model.payloads import FingerprintPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import environment
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint


@dataclass(frozen=True)
class FingerprintStep:
    """Stores the fingerprint in the journal for `verify`, without the collection of OmniMind's own health check."""

    payload: ClassVar = FingerprintPayload
    notes: ClassVar = FingerprintNotes

    def preview(self, step: Task[FingerprintPayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[FingerprintPayload], memo: Memo[FingerprintNotes], tell: Tell) -> bool:
        """Read the fingerprint once; a repetition after the container stopped keeps the stored one."""
        if memo.read().fingerprint:
            return False
        container = step.payload.key_of
        key = environment(container).get("QDRANT__SERVICE__API_KEY", "") if container else ""
        content = fingerprint(QdrantEndpoint(step.payload.url, key or None), without=(COLLECTION,))
        memo.write(FingerprintNotes(content))
        tell(line(step.id, ", ".join(f"{name}: {count}" for name, count in content.counts.items())))
        return False

    def undo(self, step: Task[FingerprintPayload], memo: Memo[FingerprintNotes], tell: Tell) -> None:
        """Do nothing."""
