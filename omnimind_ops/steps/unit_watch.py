"""Watch units while they start: a unit that fails is reported at once, with its own log lines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run

SECONDS = 0.5
"""Between two looks."""
FAILURES = 3
"""A unit that systemd starts again and again has failed for good after this many failures."""
LOG_LINES = 15
PROPERTIES = ("Id", "ActiveState", "SubState", "Result", "NRestarts")


@dataclass(frozen=True)
class Failure:
    """A unit that failed `count` times; `is_final`: systemd gave it up, or it failed too often to wait any longer."""

    unit: str
    result: str
    count: int
    is_final: bool


Show = Callable[[Iterable[str]], Iterable[Mapping[str, str]]]
Log = Callable[[str], tuple[str, ...]]


def show(units: Iterable[str]) -> tuple[dict[str, str], ...]:
    """Return the state of the units, as systemd shows it; nothing if it does not answer."""
    return systemctl.parse_show(run(systemctl.show(tuple(units), PROPERTIES), timeout=10, check=False).out)


def log(unit: str) -> tuple[str, ...]:
    """Return a unit's last log lines of this boot."""
    run(systemctl.sync(), timeout=10, check=False)
    command = ("journalctl", "-u", unit, "-b", "-n", str(LOG_LINES), "--no-pager", "-o", "cat")
    return tuple(run(command, timeout=10, check=False).out.splitlines())


def watched(goal: Goal) -> tuple[str, ...]:
    """Return every unit that takes part in a cutover; PostgreSQL's real unit is an instance of a template."""
    return (*(unit for unit in native.all_units(goal) if unit != native.TARGET), "postgresql@*.service")


@dataclass
class UnitWatch:
    """Looks at units. Failures from before the watch do not count."""

    units: tuple[str, ...]
    tell: Tell
    step: str
    show: Show = show
    log: Log = log
    before: dict[str, int] = field(default_factory=dict)  # unit → failures before the watch
    counts: dict[str, int] = field(default_factory=dict)  # unit → failures that were reported
    failed_before: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Remember what failed before."""
        states = tuple(self.show(self.units))
        self.before = {state.get("Id", ""): _restarts(state) for state in states}
        self.failed_before = frozenset(state.get("Id", "") for state in states if state.get("ActiveState") == "failed")

    def look(self) -> Failure | None:
        """Report each new failure with the unit's log; return one that is final, None if there is none."""
        final = None
        for state in self.show(self.units):
            unit, failure = state.get("Id", ""), self._failure(state)
            if failure and failure.count > self.counts.get(unit, 0):
                self.counts[unit] = failure.count
                self.tell(warning(f"{describe(failure)}; its log:\n" + "\n".join(self.log(unit)), self.step))
            final = final or (failure if failure and failure.is_final else None)
        return final

    def _failure(self, state: Mapping[str, str]) -> Failure | None:
        unit, result = state.get("Id", ""), state.get("Result", "")
        restarts = max(0, _restarts(state) - self.before.get(unit, 0))
        if state.get("ActiveState") != "failed":
            self.failed_before -= {unit}
        elif unit not in self.failed_before:
            return Failure(unit, result, restarts + 1, is_final=True)
        waits = state.get("SubState") == "auto-restart" and result != "success"
        count = restarts + 1 if waits else restarts
        return Failure(unit, result, count, is_final=waits and count >= FAILURES) if count else None


@contextmanager
def watching(watch: UnitWatch) -> Iterator[None]:
    """Report failures for a `with` block, in a thread; the block decides what they mean."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(SECONDS):
            watch.look()

    watch.begin()
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def describe(failure: Failure) -> str:
    """Return the failure in words."""
    times = "has failed" if failure.count == 1 else f"has failed {failure.count} times"
    return f"{failure.unit} {times}" + (f" ({failure.result})" if failure.result not in ("", "success") else "")


def problem(failure: Failure, log: tuple[str, ...]) -> Problem:
    """Return the Problem of a unit that has failed for good."""
    return Problem(
        f"cannot start {failure.unit.removesuffix('.service')}",
        describe(failure),
        f"read its log: journalctl -u {failure.unit.removesuffix('.service')} -b",
        log=log,
    )


def _restarts(state: Mapping[str, str]) -> int:
    number = state.get("NRestarts", "")
    return int(number) if number.isdigit() else 0
