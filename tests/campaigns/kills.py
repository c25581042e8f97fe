"""kill -9 while plans are carried out: at a random write of the journal, or at a random moment.

Afterwards a run can be ended, and always be undone.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnimind_ops.model.status import RunState
from omnimind_ops.runner.history import History
from tests.campaigns.result import Campaign, Result, Trial
from tests.runner.crash_child import NEW, OLD, PLAN, forked

KILLS = 5
"""At most, in one trial."""
WRITES = 30
"""About as many as a run makes."""
MOMENT = 0.04
"""Seconds that a run takes about."""


@contextmanager
def opened() -> Iterator[Trial]:
    """Nothing is shared."""
    yield trial


def trial(chance: random.Random) -> Result:
    """Kill a run up to KILLS times, on its way forth or back, then let it end."""
    with tempfile.TemporaryDirectory(prefix="om-kills-") as name:
        folder = Path(name)
        there = {f"file{number}": OLD for number in range(len(PLAN.steps)) if chance.random() < 0.5}
        for file, text in there.items():
            (folder / file).write_text(text)
        result, verb = [], "apply"
        for _ in range(chance.randint(1, KILLS)):
            verb = (
                "undo" if verb == "undo" or (result and chance.random() < 0.3) else "apply"
            )  # who is on the way back stays on it
            result.append(f"{verb} {_killed(folder, verb, chance)}")
        verb = "undo" if verb == "undo" or chance.random() < 0.5 else "apply"
        code = forked(folder, verb)
        return _judged(folder, verb, code, there, "; ".join(result))


def _judged(folder: Path, verb: str, code: int, there: dict[str, str], said: str) -> Result:
    run = History(folder / "journal.db").latest()
    holds = {path.name: path.read_text() for path in folder.glob("file*")}
    wanted = {step.args["name"]: NEW for step in PLAN.steps} if verb == "apply" else there
    state = RunState.UNCONFIRMED if verb == "apply" else RunState.ROLLED_BACK
    detail = f"{said}; then {verb}: exit {code}, run {run.state if run else 'none'}, files {holds}"
    if code or run is None or run.state != state:
        return Result("it cannot be ended", True, detail)
    if holds != wanted:
        return Result("it ended with other files", True, detail)
    return Result("ended complete" if verb == "apply" else "ended as it was before", detail=detail)


def _killed(folder: Path, verb: str, chance: random.Random) -> str:
    if chance.random() < 0.5:
        left, when = chance.randint(1, WRITES), chance.choice(("before", "after"))
        return f"killed {when} write {left}" if forked(folder, verb, left, when) else f"ended before write {left}"
    moment = chance.uniform(0, MOMENT)
    return (
        f"killed after {moment * 1000:.1f} ms"
        if forked(folder, verb, moment=moment)
        else f"ended before {moment * 1000:.1f} ms"
    )


CAMPAIGN = Campaign(
    "kills", "kill -9 at random moments of a run and of its undo, on a real journal", opened, tuple(range(30))
)
