"""kind "verify": compare the native stores with the old ones. Any difference is a Problem and rolls the run back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.credentials import Credentials
from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import (
    FingerprintNotes,
    ProveBackupNotes,
    ProveNotes,
    ProveRedisBackupNotes,
    RedisNotes,
    RedisUsersNotes,
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
from omnimind_ops.stores.files.compare import ComparableTrees, comparable_trees
from omnimind_ops.stores.qdrant import fingerprint as qdrant
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.wake import wake_optimizers
from omnimind_ops.stores.redis.compare import Comparable, comparable_fingerprints
from omnimind_ops.stores.redis.endpoint import RedisEndpoint

ON_HOST = Paths()


@dataclass(frozen=True)
class Pair:
    """Both sides of a store or folder; `left_out` says what does not count.

    `receipt` are both sides as the receipt keeps them, when that is shorter; `cause` explains a difference.
    """

    name: str
    source: Fingerprint
    native: Fingerprint
    left_out: tuple[str, ...] = ()
    receipt: tuple[Fingerprint, Fingerprint] | None = None
    cause: str = ""


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
        for pair in self._read_pairs(step, memo, tell):
            old, new = pair.source, pair.native
            tell(
                line(
                    step.id,
                    f"{pair.name}: {sum(new.counts.values())} items counted, {len(new.digests)} digests compared",
                )
            )
            for text in pair.left_out:
                tell(line(step.id, f"{pair.name}: {text}"))
            memo.write(VerifyNotes({pair.name: Sides(*(pair.receipt or (old, new)))}))
            _check_equal(pair)
        self.refuse(self.goal, stores)
        if used["qdrant"]:
            self._wake_qdrant(tell, step.id)
        return False

    def undo(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> None:
        """Do nothing."""

    def _wake_qdrant(self, tell: Tell, step: str) -> None:
        if collections := wake_optimizers(self._qdrant):
            tell(line(step, f"qdrant: builds the indexes of {', '.join(collections)}, which waited for a write"))

    @property
    def _qdrant(self) -> QdrantEndpoint:
        return QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", self.credentials().qdrant)

    def _read_pairs(self, step: Task[VerifyPayload], memo: Memo[VerifyNotes], tell: Tell) -> Iterator[Pair]:
        credentials, payload = self.credentials(), step.payload
        endpoint = self._qdrant
        if payload.qdrant:
            old = _stored_fingerprint(memo.of("read-qdrant", FingerprintNotes))
            yield Pair("qdrant", old, qdrant.fingerprint(endpoint, without=(COLLECTION,)))
        if payload.backup:
            old = _stored_fingerprint(memo.of("prove-backup", ProveBackupNotes))
            yield Pair("qdrant", old, qdrant.full_fingerprint(endpoint, tell, step.id, without=(COLLECTION,)))
        if payload.redis:
            native = RedisEndpoint("127.0.0.1", self.goal.redis_port, password=credentials.redis)
            noted, horizon = self._noted_redis(memo, tell, step.id)
            users = memo.of("carry-redis-users", RedisUsersNotes).users or {}
            yield _redis_pair(comparable_fingerprints(native, noted, horizon, tell, step.id, users))
        answered = memo.of("prove", ProveNotes).answered or {}
        since = min(answered.values(), default=None)
        for name, source, target in payload.trees:
            yield _tree_pair(name, comparable_trees(Path(source), Path(target), since))
        for files in payload.files or ():
            trees = comparable_trees(Path(files.source), Path(files.target), since, files.only)
            yield _tree_pair(files.name, trees)

    def _noted_redis(self, memo: Memo[VerifyNotes], tell: Tell, step: str) -> tuple[Fingerprint, int]:
        """Return the fingerprint of the old server, or of the backup that replaces it, and the horizon."""
        proven = memo.of("prove-redis-backup", ProveRedisBackupNotes)
        if proven.fingerprint:
            return evidence(proven, self.paths, tell, step)
        notes = memo.of("take-redis", RedisNotes)
        return _stored_fingerprint(notes), notes.horizon or 0


def _redis_pair(sides: Comparable) -> Pair:
    reasons = {
        "ignored {} keys that the native backends have written": sides.ignored,
        "{} keys and hash fields have expired since they were noted": sides.expired,
    }
    evicted = f"; the native server has dropped {sides.evicted} keys, because it is full" if sides.evicted else ""
    left_out = tuple(text.format(count) for text, count in reasons.items() if count)
    return Pair("redis", sides.source, sides.native, left_out, sides.for_receipt, evicted)


def _tree_pair(name: str, trees: ComparableTrees) -> Pair:
    left_out = (f"ignored {trees.new} names that the native services have created",) if trees.new else ()
    return Pair(name, trees.source, trees.target, left_out)


def _stored_fingerprint(notes: FingerprintNotes | ProveBackupNotes | RedisNotes) -> Fingerprint:
    if notes.fingerprint is None:
        raise Problem(
            "cannot compare the native stores with the old ones",
            "the fingerprint of an old store is not in the journal",
            "run `omnimind rollback`, then `omnimind migrate` again",
        )
    return notes.fingerprint


def _check_equal(pair: Pair) -> None:
    if differences := compare(pair.source, pair.native):
        first = "; ".join(
            f"{difference.name}: {difference.source} in the old store, {difference.target} in the native one"
            for difference in differences[:3]
        )
        raise Problem(
            f"cannot accept the native {pair.name}",
            f"{len(differences)} differences from the old store: {first}{pair.cause}",
            "nothing is lost: the containers start again. If another program wrote to the old store during the "
            "migration, stop it and run `omnimind migrate` again",
        )
