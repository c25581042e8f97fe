"""kind "verify": compare the native stores with the old ones. Any difference is a Problem and rolls the run back."""

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
from omnimind_ops.model.notes import (
    FingerprintNotes,
    ProveBackupNotes,
    ProveRedisBackupNotes,
    RedisNotes,
    Sides,
    VerifyNotes,
)
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.owner import Refuse, refuse_strangers
from omnimind_ops.steps.prove_redis_backup import evidence
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.stores.qdrant import fingerprint as qdrant
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis.compare import comparable_fingerprints
from omnimind_ops.stores.redis.endpoint import RedisEndpoint

ON_HOST = Paths()


@dataclass(frozen=True)
class VerifyStep:
    """Compares Qdrant, Redis and every moved folder."""

    payload: ClassVar = VerifyPayload
    notes: ClassVar = VerifyNotes
    goal: Goal
    credentials: Callable[[], Credentials]
    refuse: Refuse = refuse_strangers
    paths: Paths = ON_HOST

    def preview(self, step: Task[VerifyPayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> bool:
        """Compare everything; note both sides' fingerprints for the receipt.

        What is compared is the unit's own store: before and after reading, its process must own the port.
        """
        payload = step.payload
        used = {"qdrant": payload.qdrant or payload.backup, "redis": payload.redis}
        stores = [name for name, is_compared in used.items() if is_compared]
        self.refuse(self.goal, stores)
        for name, old, new in self._read_pairs(step, memo, tell):
            tell(
                line(step.id, f"{name}: {sum(new.counts.values())} items counted, {len(new.digests)} digests compared")
            )
            memo.write(VerifyNotes({name: Sides(old, new)}))
            _check_equal(name, old, new)
        self.refuse(self.goal, stores)
        return False

    def undo(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> None:
        """Do nothing."""

    def _read_pairs(
        self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell
    ) -> list[tuple[str, Fingerprint, Fingerprint]]:
        credentials, payload = self.credentials(), step.payload
        endpoint = QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", credentials.qdrant)
        pairs = []
        if payload.qdrant:
            old = _stored_fingerprint(memo.of("read-qdrant", FingerprintNotes))
            pairs.append(("qdrant", old, qdrant.fingerprint(endpoint)))
        if payload.backup:
            old = _stored_fingerprint(memo.of("prove-backup", ProveBackupNotes))
            pairs.append(("qdrant", old, qdrant.full_fingerprint(endpoint, tell, step.id, without=(COLLECTION,))))
        if payload.redis:
            native = RedisEndpoint("127.0.0.1", self.goal.redis_port, password=credentials.redis)
            noted, horizon = self._noted_redis(memo, tell, step.id)
            old, new, ignored = comparable_fingerprints(native, noted, horizon, tell, step.id)
            if ignored:
                tell(line(step.id, f"redis: ignored {ignored} keys that the native backends have written"))
            pairs.append(("redis", old, new))
        for name, source, target in payload.trees:
            pairs.append((name, tree_fingerprint(Path(source)), tree_fingerprint(Path(target))))
        return pairs

    def _noted_redis(self, memo: Memo[VerifyNotes], tell: Tell, step: str) -> tuple[Fingerprint, int]:
        """Return the fingerprint of the old server, or of the backup that replaces it, and the horizon."""
        proven = memo.of("prove-redis-backup", ProveRedisBackupNotes)
        if proven.fingerprint:
            return evidence(proven, self.paths, tell, step)
        notes = memo.of("take-redis", RedisNotes)
        return _stored_fingerprint(notes), notes.horizon or 0


def _stored_fingerprint(notes: FingerprintNotes | ProveBackupNotes | RedisNotes) -> Fingerprint:
    if notes.fingerprint is None:
        raise Problem(
            "cannot compare the native stores with the old ones",
            "the fingerprint of an old store is not in the journal",
            "run `omnimind rollback`, then `omnimind migrate` again",
        )
    return notes.fingerprint


def _check_equal(name: str, old: Fingerprint, new: Fingerprint) -> None:
    if differences := compare(old, new):
        first = "; ".join(
            f"{difference.name}: {difference.source} in the old store, {difference.target} in the native one"
            for difference in differences[:3]
        )
        raise Problem(
            f"cannot accept the native {name}",
            f"{len(differences)} differences from the old store: {first}",
            "nothing is lost: the containers start again. If another program wrote to the old store during the "
            "migration, stop it and run `omnimind migrate` again",
        )
