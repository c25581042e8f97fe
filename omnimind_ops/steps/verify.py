"""kind "verify": what the native stores hold against what the old ones held; one difference is a Problem, and the run goes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from omnimind_ops.credentials import Credentials
from omnimind_ops.health.stores import COLLECTION
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.steps.arguments import words
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.stores.qdrant import fingerprint as qdrant
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.redis import backend_keys
from omnimind_ops.stores.redis import fingerprint as redis
from omnimind_ops.stores.redis.endpoint import RedisEndpoint


@dataclass(frozen=True)
class VerifyStep:
    """Compares Qdrant, Redis and every moved folder."""

    goal: Goal
    credentials: Callable[[], Credentials]

    def preview(self, step: Step) -> Preview:
        """Read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Compare all; notes both sides' fingerprints for the receipt."""
        for name, old, new in self._pairs(step, memo, tell):
            tell(line(step.id, f"{name}: {sum(new.counts.values())} counted, {len(new.digests)} digests"))
            memo.put(name, {"source": asdict(old), "native": asdict(new)})
            _equal(name, old, new)
        return False

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Nothing to undo."""

    def _pairs(self, step: Step, memo: Memo, tell: Tell) -> list[tuple[str, Fingerprint, Fingerprint]]:
        credentials = self.credentials()
        pairs = []
        if step.args.get("qdrant"):
            endpoint = QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", credentials.qdrant)
            pairs.append(("qdrant", _noted(memo.of("read-qdrant", "fingerprint")), qdrant.fingerprint(endpoint)))
        if step.args.get("backup"):
            endpoint = QdrantEndpoint(f"http://127.0.0.1:{self.goal.qdrant_port}", credentials.qdrant)
            held = _noted(memo.of("prove-backup", "fingerprint"))
            pairs.append(("qdrant", held, qdrant.full_fingerprint(endpoint, tell, step.id, without=(COLLECTION,))))
        if step.args.get("redis"):
            native = RedisEndpoint("127.0.0.1", self.goal.redis_port, password=credentials.redis)
            until = int(str(memo.of("take-redis", "horizon") or 0))
            old = _noted(memo.of("take-redis", "fingerprint"))
            new, since = backend_keys.written_since(old, redis.fingerprint(native, until, tell, step.id))
            if since:
                tell(line(step.id, f"redis: left out are {since} keys that the native backends have written since"))
            pairs.append(("redis", old, new))
        trees = step.args.get("trees")
        for tree in trees if isinstance(trees, list | tuple) else ():
            name, source, target = words(tree)
            pairs.append((name, tree_fingerprint(Path(source)), tree_fingerprint(Path(target))))
        return pairs


def _noted(value: JSON) -> Fingerprint:
    if not isinstance(value, Mapping):
        raise Problem(
            "cannot compare",
            "the fingerprint of the old store is not in the journal",
            "run `omnimind rollback`, then migrate again",
        )
    counts, digests = value["counts"], value["digests"]
    assert isinstance(counts, Mapping) and isinstance(digests, Mapping)
    return Fingerprint(
        str(value["store"]), {k: int(str(v)) for k, v in counts.items()}, {k: str(v) for k, v in digests.items()}
    )


def _equal(name: str, old: Fingerprint, new: Fingerprint) -> None:
    if differences := compare(old, new):
        first = "; ".join(f"{d.name}: {d.source} there, {d.target} here" for d in differences[:3])
        raise Problem(
            f"cannot accept the native {name}",
            f"{len(differences)} differences from the old one: {first}",
            "nothing is lost, the containers come back; did something else write meanwhile? Then stop it and migrate again",
        )
