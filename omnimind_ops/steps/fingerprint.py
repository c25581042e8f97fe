"""kind "fingerprint": record the content of the old Qdrant when its writers have stopped and before it stops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import FingerprintNotes
from omnimind_ops.model.payloads import FingerprintPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.observe import qdrant_config
from omnimind_ops.observe.docker import container_now, qdrant_key
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fence import Inside, find_inside, is_cut_off, shares_network
from omnimind_ops.stores.qdrant.fingerprint import settled_fingerprint
from omnimind_ops.tools.shell import run

UNFENCED = (
    "this Qdrant cannot be cut off from other writers: what they write until it stops is copied, but the comparison "
    "then finds a difference and takes everything back"
)
RESTART_SECONDS = 60


@dataclass(frozen=True)
class FingerprintStep:
    """Stores the fingerprint in the journal for `verify`, without the collection of OmniMind's own health check.

    From then on the container has no network.
    """

    payload: ClassVar = FingerprintPayload
    notes: ClassVar = FingerprintNotes

    def preview(self, step: Task[FingerprintPayload]) -> Preview:
        """Return a change of the container's network; none for a plan of an older version."""
        return Preview(step.id, Change.YES if step.payload.container else Change.NO)

    def do(self, step: Task[FingerprintPayload], memo: Memo[FingerprintNotes], tell: Tell) -> bool:
        """Read the fingerprint once; a repetition after the container stopped keeps the stored one."""
        if memo.read().fingerprint:
            return False
        key = qdrant_key(step.payload.key_of) if step.payload.key_of else ""
        read = partial(settled_fingerprint, without=(COLLECTION,))
        if inside := _find_inside(step.payload.container, key):
            memo.write(FingerprintNotes(fenced=True))
            inside.close()
            content = inside.read(read)
        else:
            tell(warning(UNFENCED, step.id))
            content = read(QdrantEndpoint(step.payload.url, key or None))
        memo.write(FingerprintNotes(content))
        tell(line(step.id, ", ".join(f"{name}: {count}" for name, count in content.counts.items())))
        return False

    def undo(self, step: Task[FingerprintPayload], memo: Memo[FingerprintNotes], tell: Tell) -> None:
        """Give the container its network again: a restart makes a new one. A stopped container has none to give."""
        container = step.payload.container
        if memo.read().fenced and _is_cut_off(container):
            run(("docker", "restart", f"--time={RESTART_SECONDS}", container), timeout=RESTART_SECONDS * 2)
            tell(line(step.id, f"restarted container {container[:12]}, which gives it its network again"))
        memo.write(FingerprintNotes(fenced=False))


def _find_inside(container: str, key: str) -> Inside | None:
    """Return how the container is read from inside; None when that is not possible, or the payload is older."""
    if not container:
        return None
    found = container_now(container)
    if not found.running or shares_network(found):
        return None
    return find_inside(found.pid, qdrant_config.port(found), key)


def _is_cut_off(container: str) -> bool:
    try:
        return is_cut_off(container_now(container).pid)
    except Problem as problem:
        if "no such" in str(problem).lower():
            return False  # it was removed
        raise
