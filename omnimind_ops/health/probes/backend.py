"""Probe of a backend: its workers.

Each worker reports how its own connections to the stores and the engine work. health/attribution.py decides who is at fault.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from omnimind_ops.model.health import Outcome, WorkerCheck, WorkerReport
from omnimind_ops.tools import http

TRIES = 3
"""Requests per worker. The workers of a port share one socket, so which one takes a request is chance."""
_FAILED = ("down", "failed")


def any_worker(port: int, seconds: float) -> Outcome:
    """Probe the worker that takes the request."""
    return outcome_of((_report(port, seconds),))


def all_workers(port: int, count: int, seconds: float, *, until_ready: bool = False) -> Outcome:
    """Probe all workers of a port that can be reached with TRIES requests for each; `until_ready` stops at the first
    one that is ready.
    """
    end, reports = time.monotonic() + seconds, dict[str, WorkerReport]()
    for _ in range(count * TRIES):
        try:
            report = _report(port, end - time.monotonic())
        except TimeoutError:
            if all(report.ready for report in reports.values()):
                raise  # this worker hangs
            break  # the time passed while a worker waited for a store
        reports[report.worker] = report
        if len(reports) == count or (until_ready and report.ready):
            break
    outcome = outcome_of([reports[worker] for worker in sorted(reports)])
    return replace(outcome, useful=outcome.ready)


def outcome_of(reports: Sequence[WorkerReport]) -> Outcome:
    """Return the outcome of a backend from its workers' reports. It is ready if one of them is."""
    useful = [report.worker for report in reports if report.ready]
    failing = [report for report in reports if not report.ready]
    if not useful:
        kinds = {kind: why for report in failing for kind, why in report.failures.items()}
        why = "; ".join(f"{kind}: {text}" for kind, text in kinds.items()) or failing[0].why
        starting = any(report.starting for report in failing)
        return Outcome(False, why=why, starting=starting, blames=tuple(kinds), reports=tuple(reports))
    why = "; ".join(f"worker {report.worker} is not ready: {_why(report)}" for report in failing)
    detail = f"worker{'s' if len(useful) > 1 else ''} {', '.join(useful)} ready"
    return Outcome(True, None, detail, why, degraded=bool(failing), reports=tuple(reports))


def _why(report: WorkerReport) -> str:
    return ", ".join(f"{kind}: {text}" for kind, text in report.failures.items()) or report.why


def _report(port: int, seconds: float) -> WorkerReport:
    answer = http.request(("127.0.0.1", port), seconds, "/health/ready")
    body: Mapping[str, Any] = answer.json() or {}
    members: Mapping[str, Mapping[str, Any]] = body.get("checks") or {}
    checks = {kind: _check(member) for kind, member in members.items()}
    worker, is_ready = str(body.get("worker", "?")), answer.status == HTTPStatus.OK
    if is_ready or any(check.why for check in checks.values()):
        return WorkerReport(worker, is_ready, checks)
    is_starting = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return WorkerReport(worker, False, checks, answer.summary, is_starting)


def _check(member: Mapping[str, Any]) -> WorkerCheck:
    why = str(member.get("detail") or member.get("state")) if member.get("state") in _FAILED else ""
    return WorkerCheck(why, float(member.get("latency_ms", 0)), float(member.get("age_s", 0)))
