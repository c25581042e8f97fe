"""kind "verify-old": compare the old stores with what was read from the native ones. A difference is a Problem."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.model.carry import NativeNotes, VerifyOldPayload
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import Sides, VerifyNotes
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, ResponseProblem
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import without_past
from omnimind_ops.stores.redis.fingerprint import fingerprint as redis_fingerprint
from omnimind_ops.stores.redis.keys import server_time

READ_STEP = "read-native"
QDRANT_SECONDS = 300.0


@dataclass(frozen=True)
class VerifyOldStep:
    """`qdrant` and `redis` return the addresses of running containers' stores."""

    payload: ClassVar = VerifyOldPayload
    notes: ClassVar = VerifyNotes
    qdrant: Callable[[str], QdrantEndpoint]
    redis: Callable[[str], RedisEndpoint]

    def preview(self, step: Task[VerifyOldPayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[VerifyOldPayload], memo: Memo[VerifyNotes], tell: Tell) -> bool:
        """Compare; note both sides for the receipt, the old one as the target."""
        native, compared = memo.of(READ_STEP, NativeNotes), {}
        if step.payload.qdrant and native.qdrant:
            old = _when_ready(self.qdrant(step.payload.qdrant))
            compared["qdrant"] = Sides(without_own(old), without_own(native.qdrant))
        if step.payload.redis and native.redis:
            compared["redis"] = _redis(self.redis(step.payload.redis), native.redis, native.horizon or 0, tell, step.id)
        for name, sides in compared.items():
            facts = len(sides.source.counts) + len(sides.source.digests)
            tell(line(step.id, f"{name}: {facts} facts of the old store compared with the native one"))
            _check_equal(name, sides)
        memo.write(VerifyNotes(compared))
        return False

    def undo(self, step: Task[VerifyOldPayload], memo: Memo[VerifyNotes], tell: Tell) -> None:
        """Do nothing."""


def _redis(endpoint: RedisEndpoint, native: Fingerprint, horizon: int, tell: Tell, step: str) -> Sides:
    """Return both sides; of the keys that expire soon, those that both servers must still have."""
    old = redis_fingerprint(endpoint, horizon, tell, step, minutes=True)
    with connect(endpoint) as connection:
        now = server_time(connection)
    return Sides(without_past(old, now), without_past(native, now))


def without_own(content: Fingerprint) -> Fingerprint:
    """Return the content without OmniMind's own probe collection, which is not carried."""
    own = f" of {COLLECTION}"
    counts = {name: count for name, count in content.counts.items() if not name.endswith(own)}
    if len(counts) < len(content.counts):
        counts["collections"] -= 1
    digests = {name: digest for name, digest in content.digests.items() if not name.endswith(own)}
    return Fingerprint(content.store, counts, digests)


def _when_ready(endpoint: QdrantEndpoint) -> Fingerprint:
    end = time.monotonic() + QDRANT_SECONDS
    while True:
        try:
            return fingerprint(endpoint)
        except Problem as problem:
            refused = isinstance(problem, ResponseProblem) and problem.status < 500
            if refused or time.monotonic() > end:
                raise
        time.sleep(0.2)


def _check_equal(name: str, sides: Sides) -> None:
    if differences := compare(sides.source, sides.native):
        texts = [f"{item.name}: {item.source} in the old store, {item.target} natively" for item in differences[:3]]
        why = f"{len(differences)} differences from the native store: {'; '.join(texts)}"
        raise Problem(f"cannot accept the old {name}", why, "find what writes to one of them, stop it, then try again")
