"""A short speed measurement before and after a migration, for its receipt.

It never fails a migration, and it never runs while services are down: the first measurement comes before any step, the
second when all native services already answer.

It writes nothing. The containers' backend gets only GETs, or requests to a route that its own description lists as one
for embeddings; OmniMind's own backend bypasses its cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from omnimind_ops.bench import document
from omnimind_ops.flows.bench import embeddings as bench_embeddings
from omnimind_ops.flows.bench.environment import environment
from omnimind_ops.flows.bench.login import login
from omnimind_ops.flows.bench.options import BenchOptions, Session
from omnimind_ops.flows.bench.run import session
from omnimind_ops.flows.bench.target import Target, detect_route, published_url
from omnimind_ops.model.event import Progress, Tell, line
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import Status
from omnimind_ops.paths import Paths

OPTIONS = BenchOptions(n=100, cache="off", qdrant=False, repeats=3, seconds=10.0, patience=10.0, ends=15.0)
"""Seconds, not minutes: short enough for a person to wait."""
NAMES = ("before", "after")


def is_fresh(run: Run) -> bool:
    """Return whether no step has started: only then do the containers still run as before."""
    return all(record.status is Status.TODO for record in run.steps)


def measure_before(run: Run, paths: Paths, tell: Tell) -> None:
    """Measure the containers' backend; save the result beside the receipt."""
    _measure_and_save("before", run, paths, tell, lambda: _containers(run, paths, tell))


def measure_after(run: Run, paths: Paths, tell: Tell) -> None:
    """Measure the native system; Ctrl-C ends only the measurement."""
    try:
        _measure_and_save("after", run, paths, tell, lambda: _native(paths, tell))
    except KeyboardInterrupt:
        tell(line("", "the speed after the migration was not measured: interrupted"))


def read(run_id: str, paths: Paths) -> dict[str, JSON]:
    """Return the measurements of a run, keyed by NAMES."""
    documents: dict[str, JSON] = {}
    for name in NAMES:
        try:
            documents[name] = json.loads(_file(name, run_id, paths).read_text())
        except (OSError, ValueError):
            continue
    return documents


def _containers(run: Run, paths: Paths, tell: Tell) -> dict[str, JSON]:
    from omnimind_ops.observe import docker

    project = next((project for project in docker.projects() if project.name == run.setup.get("project")), None)
    backend = docker.roles(project).backend if project else None
    if backend is None or not backend.running:
        raise Problem(
            "cannot measure the containers", "no backend container is running", "start it: docker compose up -d"
        )
    target = Target("docker", (published_url(backend),))
    with login(target, paths, environment={}) as headers:
        return _measured(
            Session(OPTIONS, target, detect_route(target, headers), headers, _quiet(tell)), "before the migration"
        )


def _native(paths: Paths, tell: Tell) -> dict[str, JSON]:
    from omnimind_ops.settings import Settings

    with session(OPTIONS, Settings(), paths, _quiet(tell), "reader") as native_session:
        return _measured(native_session, "after the migration")


def _measured(session: Session, name: str) -> dict[str, JSON]:
    created, machine = datetime.now(UTC).isoformat(timespec="seconds"), environment()
    measurement = bench_embeddings.measure(session)
    if measurement.interrupted and not measurement.more.get("out_of_time"):
        raise KeyboardInterrupt
    return document.document(
        measurement,
        bench_embeddings.settings(session),
        {**machine, "versions": session.versions()},
        name=name,
        created=created,
    )


def _measure_and_save(name: str, run: Run, paths: Paths, tell: Tell, measure: Callable[[], dict[str, JSON]]) -> None:
    """Measure and save. A failure is only reported, and the migration continues."""
    tell(line("", f"measuring the speed {name} the migration for a few seconds (--no-bench skips it)"))
    try:
        document = measure()
        file = _file(name, run.id, paths)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
        tell(line("", f"{name}: {_summary(document)}"))
    except Exception as error:  # a failed benchmark must not stop a migration
        tell(line("", f"the speed {name} the migration was not measured: {error or type(error).__name__}"))


def _summary(document: dict[str, JSON]) -> str:
    total = document["total"]
    median = total.get("p50_ms") if isinstance(total, dict) else None
    rate = (
        f"{document['texts_per_s']} texts/s, "
        if document["texts_per_s"] is not None
        else "the backend serves no embeddings; "
    )
    return rate + (f"{document['route']} p50 {median} ms" if median is not None else "no response in time")


def _quiet(tell: Tell) -> Tell:
    """Drop progress events, so that they do not disturb the progress bars of the migration's steps."""
    return lambda event: None if isinstance(event, Progress) else tell(event)


def _file(name: str, run_id: str, paths: Paths) -> Path:
    return paths.receipts / run_id / f"bench-{name}.json"
