"""kind "verify": compare the native stores with the old ones; one difference is a Problem and rolls the run back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.credentials import Credentials
from omnimind_ops.health.stores import COLLECTION
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import FingerprintNotes, ProveBackupNotes, RedisNotes, Sides, VerifyNotes
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.steps.owner import Refuse, refuse_strangers
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.stores.qdrant import fingerprint as qdrant
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis import backend_keys
from omnimind_ops.stores.redis import fingerprint as redis
from omnimind_ops.stores.redis.endpoint import RedisEndpoint


@dataclass(frozen=True)
class VerifyStep:
    """Compares Qdrant, Redis and every moved folder."""

    payload: ClassVar = VerifyPayload
    notes: ClassVar = VerifyNotes
    goal: Goal
    credentials: Callable[[], Credentials]
    refuse: Refuse = refuse_strangers

    def preview(self, step: Task[VerifyPayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> bool:
        """Compare everything; note both sides' fingerprints for the receipt.

        What is compared is the unit's own store: before and after reading, its process must own the port.
        """
        asked = step.payload
        stores = [name for name, wanted in (("qdrant", asked.qdrant or asked.backup), ("redis", asked.redis)) if wanted]
        self.refuse(self.goal, stores)
        for name, old, new in self._pairs(step, memo, tell):
            tell(line(step.id, f"{name}: {sum(new.counts.values())} counted, {len(new.digests)} digests"))
            memo.write(VerifyNotes({name: Sides(old, new)}))
            _equal(name, old, new)
        self.refuse(self.goal, stores)
        return False

    def undo(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> None:
        """Do nothing."""

    def _pairs(
        self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell
    ) -> list[tuple[str, Fingerprint, Fingerprint]]:
        credentials, asked = self.credentials(), step.payload
        pairs = []
        if asked.qdrant:
            endpoint = QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", credentials.qdrant)
            pairs.append(("qdrant", _noted(memo.of("read-qdrant", FingerprintNotes)), qdrant.fingerprint(endpoint)))
        if asked.backup:
            endpoint = QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", credentials.qdrant)
            held = _noted(memo.of("prove-backup", ProveBackupNotes))
            pairs.append(("qdrant", held, qdrant.full_fingerprint(endpoint, tell, step.id, without=(COLLECTION,))))
        if asked.redis:
            native = RedisEndpoint("127.0.0.1", self.goal.redis_port, password=credentials.redis)
            taken = memo.of("take-redis", RedisNotes)
            old, found = _noted(taken), redis.fingerprint(native, taken.horizon or 0, tell, step.id)
            new, since = backend_keys.written_since(old, found)
            if since:
                tell(line(step.id, f"redis: left out are {since} keys that the native backends have written since"))
            pairs.append(("redis", old, new))
        for name, source, target in asked.trees:
            pairs.append((name, tree_fingerprint(Path(source)), tree_fingerprint(Path(target))))
        return pairs


def _noted(notes: FingerprintNotes | ProveBackupNotes | RedisNotes) -> Fingerprint:
    if notes.fingerprint is None:
        raise Problem(
            "cannot compare",
            "the fingerprint of the old store is not in the journal",
            "run `omnimind rollback`, then migrate again",
        )
    return notes.fingerprint


def _equal(name: str, old: Fingerprint, new: Fingerprint) -> None:
    if differences := compare(old, new):
        first = "; ".join(f"{d.name}: {d.source} there, {d.target} here" for d in differences[:3])
        raise Problem(
            f"cannot accept the native {name}",
            f"{len(differences)} differences from the old one: {first}",
            "nothing is lost, the containers come back; did something else write meanwhile? Then stop it and migrate again",
        )
