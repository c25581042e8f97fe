"""The wait for the native services after the cutover."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ProveNotes
from omnimind_ops.model.payloads import ProvePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps import prove
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.tools.shell import Completed

PROBES = {
    "postgresql": lambda: None,
    "backend:8000": lambda: "waits for redis",
    "redis": lambda: "connection refused",
    "frontend": lambda: "no backend answers",
}


def proving(monkeypatch: pytest.MonkeyPatch, *failed: str, seconds: float) -> Problem:
    def systemctl(command: Sequence[str], *, check: bool) -> Completed:
        return Completed(tuple(command), 0 if command[-1] in failed else 1, "", "")

    monkeypatch.setattr(prove, "run", systemctl)
    monkeypatch.setattr(prove, "native", lambda goal, credentials: PROBES)
    step = ProveStep(Goal(), lambda: Credentials("", "", ""), seconds, lambda goal, services: None)
    with pytest.raises(Problem) as caught:
        step.do(Task("prove", ProvePayload()), Memo(MemoryNotes(), "prove", ProveNotes), lambda event: None)
    return caught.value


@pytest.mark.timeout(60)
def test_a_unit_that_failed_ends_the_wait_for_those_that_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis failed within 30 s, and the migration blamed a backend after 300 s."""
    problem = proving(monkeypatch, "redis-server", seconds=3600)
    assert problem.what == "cannot start redis"
    assert problem.why == "redis: its unit has failed: connection refused"
    assert problem.fix == "read its log: journalctl -u redis-server -b"


def test_services_that_stay_silent_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = proving(monkeypatch, seconds=0.2)
    assert problem.what == "cannot start backend:8000, redis, frontend"
    assert problem.why == "backend:8000: it did not answer within 0.2 s: waits for redis"
