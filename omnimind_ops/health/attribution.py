"""Who is at fault when workers and stores disagree. Pure.

The rule (docs/decisions/026-who-asks-the-stores.md):

- What a store answers when it is asked directly is its state, because only that probe writes and reads.
- A worker that cannot use a store that works is at fault itself. The store is not.
- A worker that cannot use a store that fails is a victim of the store.
- A store that could not be asked is what all workers say. If they disagree, nobody can say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omnimind_ops.catalogue import Service
from omnimind_ops.health.history import is_good
from omnimind_ops.model.health import Outcome, WorkerCheck, WorkerReport


@dataclass(frozen=True)
class Verdict:
    """Outcome of one store or of the engine, None if nobody can say; and the workers that are at fault themselves.

    `from_workers`: the outcome is what they report, not that of a direct probe.
    """

    outcome: Outcome | None
    at_fault: frozenset[str] = frozenset()
    from_workers: bool = False


def judge(workers: Mapping[str, WorkerCheck], direct: Outcome | None) -> Verdict:
    """Return the verdict on one service from each worker's check of it and the outcome of the direct probe, None if
    there was none.
    """
    failing = {worker: check.why for worker, check in workers.items() if check.why}
    if direct is not None:
        return Verdict(direct, frozenset(failing) if is_good(direct) else frozenset())
    if not workers or 0 < len(failing) < len(workers):
        return Verdict(None)
    if failing:
        outcome = Outcome(False, why=f"no worker can use it: {next(iter(failing.values()))}")
    else:
        outcome = Outcome(True, detail=f"used by {len(workers)} workers, not checked directly")
    return Verdict(outcome, from_workers=True)


def by_kind(reports: Mapping[str, Sequence[WorkerReport]]) -> dict[str, dict[str, WorkerCheck]]:
    """Return the checks of all workers (backend → reports) by kind of service, then by name_of() the worker."""
    kinds: dict[str, dict[str, WorkerCheck]] = {}
    for backend, own in reports.items():
        for report in own:
            for kind, check in report.checks.items():
                kinds.setdefault(kind, {})[name_of(backend, report)] = check
    return kinds


def processes(service: Service, reports: Sequence[WorkerReport], at_fault: frozenset[str]) -> dict[str, bool]:
    """Return the processes that reported, each with whether it is at fault.

    None is while all of them are not ready: then the whole service fails.
    """
    numbered = {str(number): process for number, process in enumerate(service.processes, 1)}
    some_ready = any(report.ready for report in reports)
    return {
        numbered[report.worker]: some_ready and not report.ready and name_of(service.name, report) in at_fault
        for report in reports
        if report.worker in numbered
    }


def name_of(backend: str, report: WorkerReport) -> str:
    """Return a name for a worker that is unique in the system: backend-8000/1."""
    return f"{backend}/{report.worker}"
