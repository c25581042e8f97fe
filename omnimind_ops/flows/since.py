"""Use case: count what was written natively after the cutover; read-only, while the native services serve.

A rollback says it before it asks, and its receipt keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from omnimind_ops import credentials
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.health.wire import postgres
from omnimind_ops.model import codec
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import ContainersNotes, FingerprintNotes, ProveBackupNotes, VerifyNotes
from omnimind_ops.model.payloads import PlacePayload, VerifyPayload
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.since import Part, Since
from omnimind_ops.paths import Paths
from omnimind_ops.planning.carry import NAME
from omnimind_ops.planning.way_back import native_runs
from omnimind_ops.stores.files.changes import changes
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.since import key_changes, too_large

MOST_FILES = 500_000
SECONDS = 5.0


def since(run: Run, paths: Paths) -> tuple[Since, ...]:
    """Return what came, changed or vanished, part by part; empty if the native side never served."""
    if not native_runs(run):
        return ()
    counts: tuple[tuple[Part, str, Callable[[Run, Paths], Iterator[Since]]], ...] = (
        (Part.REDIS, "keys", _redis),
        (Part.QDRANT, "points", _qdrant),
        (Part.UPLOADS, "files", _uploads),
        (Part.POSTGRESQL, "rows", _rows),
    )
    return tuple(item for part, unit, count in counts for item in _counted(part, unit, partial(count, run, paths)))


def question(run: Run, found: Collection[Since], *, with_data: bool) -> str:
    """Return what a rollback asks: what becomes of the data."""
    if run.plan.name == NAME:
        return f"Take back {run.id}? The old data is restored, and the native services start again."
    if found and all(part.is_none for part in found):
        return f"Roll back {run.id}? Nothing was written since the cutover."
    if with_data:
        return f"Roll back {run.id}? What was written is carried back first. PostgreSQL's part is exported to a file."
    return f"Roll back {run.id}? What was written is set aside, not copied back (--with-data copies it back)."


def as_json(found: Iterable[Since]) -> list[JSON]:
    """Return it for `--json` and the receipt."""
    return [{**codec.write(part), "text": str(part)} for part in found]


def _counted(part: Part, unit: str, count: Callable[[], Iterable[Since]]) -> list[Since]:
    """Return what was counted; a part that cannot be counted does not stop a rollback."""
    try:
        return list(count())
    except (Problem, OSError) as error:
        return [Since(part, unit, unknown=error.why if isinstance(error, Problem) else str(error))]


def _redis(run: Run, paths: Paths) -> Iterator[Since]:
    dump = paths.stage / "redis" / "dump.rdb"
    if not any(record.step.kind == PlacePayload.kind for record in run.steps):
        return
    goal = goal_begun(run)
    native = RedisEndpoint("127.0.0.1", goal.redis_port, password=credentials.load(paths).redis)
    reason = too_large(native) or ("" if dump.is_file() else f"{dump} is gone")
    if reason:
        yield Since(Part.REDIS, "keys", unknown=reason)
        return
    result = key_changes(native, dump, paths.stage / "redis-since")
    yield Since(Part.REDIS, "keys", "", result.came, result.vanished, result.changed)


def _qdrant(run: Run, paths: Paths) -> Iterator[Since]:
    before = _noted_qdrant(run)
    if before is None:
        return
    endpoint = QdrantEndpoint(f"http://127.0.0.1:{goal_begun(run).qdrant_port}", credentials.load(paths).qdrant)
    yield from points(before, fingerprint(endpoint, always_sample=True))


def points(before: Fingerprint, now: Fingerprint) -> Iterator[Since]:
    """Return the difference of every collection. Only the totals are known, and whether points differ.

    Only facts that both have count: an earlier version noted other facts.
    """
    names = sorted({name for side in (before, now) for name in side.counts if name.startswith("points of ")})
    different = {difference.name for difference in compare(before, now)}
    for name in (full.removeprefix("points of ") for full in names):
        old, new = (side.counts.get(f"points of {name}", 0) for side in (before, now))
        if name != COLLECTION:
            end = f" of {name}"
            differs = any(
                "point" in fact and fact.endswith(end)
                for fact in different & before.digests.keys() & now.digests.keys()
            )
            yield Since(Part.QDRANT, "points", name, max(0, new - old), max(0, old - new), None, differs)


def _noted_qdrant(run: Run) -> Fingerprint | None:
    if record := run.record("read-qdrant"):
        return record.notes(FingerprintNotes).fingerprint
    record = run.record("prove-backup")
    return record.notes(ProveBackupNotes).fingerprint if record else None


def _uploads(run: Run, _: Paths) -> Iterator[Since]:
    verify = run.record("verify")
    sides = verify.notes(VerifyNotes).compared if verify else {}
    for name, source, target in verify.step.payload(VerifyPayload).trees if verify else ():
        if name in sides and sides[name].native.counts.get("files", 0) > MOST_FILES:
            yield Since(Part.UPLOADS, "files", target, unknown=f"more than {MOST_FILES:,} files")
            continue
        result = changes(Path(source), Path(target), live=True)
        came, changed, vanished = map(result.count, (result.came, result.changed, result.vanished))
        yield Since(Part.UPLOADS, "files", target, came, vanished, changed)


def _rows(run: Run, paths: Paths) -> Iterator[Since]:
    stopped = run.record("stop-writers")
    at = stopped.notes(ContainersNotes).stopped_at if stopped else None
    began = datetime.fromtimestamp(at, UTC).isoformat() if at else run.started
    query = (
        f"SELECT count(*) FILTER (WHERE created_at >= '{began}'), "  # noqa: S608 a time
        f"count(*) FILTER (WHERE created_at < '{began}' AND updated_at >= '{began}') FROM documents"
    )
    with postgres.Session(postgres.target(credentials.load(paths).postgres), SECONDS) as session:
        came, changed = (int(cell or 0) for cell in session.query(query)[0])
    yield Since(Part.POSTGRESQL, "rows", "documents", came, 0, changed)
