"""Who is at fault when workers and stores disagree: the whole rule as a table."""

from __future__ import annotations

import pytest

from omnimind_ops.catalogue import Kind, Service
from omnimind_ops.health.attribution import Verdict, by_kind, judge, processes
from omnimind_ops.model.health import Outcome, WorkerCheck, WorkerReport

USES, CANNOT = WorkerCheck(latency=1.2), WorkerCheck("connection refused")
WORKS, READ_ONLY = Outcome(True, True), Outcome(True, False, why="read only", refuses=True)
FROZEN = Outcome(False, why="no answer within 3 s", silent=True)
REFUSES = Outcome(False, why="password authentication failed", refuses=True)
BUSY = Outcome(True, None, why="busy", degraded=True)
NOBODY, ALL, SOME, NONE = {}, {"a/1": USES, "a/2": USES}, {"a/1": USES, "a/2": CANNOT}, {"a/1": CANNOT, "a/2": CANNOT}

# what the workers say, the direct probe, the outcome of the store, the workers at fault
RULES = {
    "all is well": (ALL, WORKS, WORKS, ""),
    "no worker runs: only the direct probe says something": (NOBODY, WORKS, WORKS, ""),
    "no worker runs and the store is frozen": (NOBODY, FROZEN, FROZEN, ""),
    "nobody can say": (NOBODY, None, None, ""),
    "a frozen store makes victims": (NONE, FROZEN, FROZEN, ""),
    "a frozen store that one worker has not noticed yet": (SOME, FROZEN, FROZEN, ""),
    "a store that listens and refuses": (NONE, REFUSES, REFUSES, ""),
    "a store that takes no writes, which no worker notices": (ALL, READ_ONLY, READ_ONLY, ""),
    "a store that fails for new connections only": (ALL, REFUSES, REFUSES, ""),
    "one worker cannot use a store that works": (SOME, WORKS, WORKS, "a/2"),
    "no worker can use a store that works": (NONE, WORKS, WORKS, "a/1 a/2"),
    "a busy engine works": (SOME, BUSY, BUSY, "a/2"),
    "not asked directly, and all workers use it": (
        ALL,
        None,
        Outcome(True, detail="used by 2 workers, not checked directly"),
        "",
    ),
    "not asked directly, and no worker can use it": (
        NONE,
        None,
        Outcome(False, why="no worker can use it: connection refused"),
        "",
    ),
    "not asked directly, and the workers disagree": (SOME, None, None, ""),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    """Each line is one sentence of the rule."""
    workers, direct, outcome, at_fault = RULES[name]
    is_from_workers = direct is None and outcome is not None
    assert judge(workers, direct) == Verdict(outcome, frozenset(at_fault.split()), is_from_workers)


def test_a_process_is_at_fault_only_while_another_worker_of_its_backend_is_ready() -> None:
    """Otherwise the whole backend fails, and all of it is restarted."""
    service = Service("backend-1", Kind.BACKEND, True, 60, (), ("one", "two"))
    well, ill = WorkerReport("1", True, {"redis": USES}), WorkerReport("2", False, {"redis": CANNOT})
    also = WorkerReport("1", False, {"redis": CANNOT})
    assert by_kind({"backend-1": (well, ill)}) == {"redis": {"backend-1/1": USES, "backend-1/2": CANNOT}}
    assert processes(service, (well, ill), frozenset({"backend-1/2"})) == {"one": False, "two": True}
    assert processes(service, (also, ill), frozenset({"backend-1/1", "backend-1/2"})) == {"one": False, "two": False}
    assert processes(service, (), frozenset({"backend-1/2"})) == {}
