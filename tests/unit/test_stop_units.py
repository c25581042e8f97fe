"""Units that ran are started again, sockets first."""

from __future__ import annotations

import pytest

from omnimind_ops.model.carry import StopUnitsPayload, UnitsNotes
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps import stop_units
from omnimind_ops.tools.shell import Completed

UNITS = ("omnimind-guard.service", "omnimind-8000.socket", "omnimind-8000@1.service", "omnimind-8000@2.service")


def test_only_what_ran_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    active, calls = set(UNITS[:3]), []

    def run(words: tuple[str, ...], **_: object) -> Completed:
        if words[1] == "show":
            blocks = [f"Id={unit}\nActiveState={'active' if unit in active else 'inactive'}" for unit in UNITS]
            return Completed(words, 0, "\n\n".join(blocks), "")
        calls.append(words[1:])
        if words[1] == "stop":
            active.difference_update(words)
        return Completed(words, 0, "", "")

    monkeypatch.setattr(stop_units, "run", run)
    step, memo = Task("stop", StopUnitsPayload(UNITS)), Memo(MemoryNotes(), "stop", UnitsNotes)
    handler = stop_units.StopUnitsStep()
    assert handler.do(step, memo, lambda event: None)
    assert not handler.do(step, memo, lambda event: None)  # done again after a kill
    handler.undo(step, memo, lambda event: None)
    assert calls[0] == ("stop", *UNITS[:3])
    assert calls[-1] == ("start", "omnimind-8000.socket", "omnimind-8000@1.service", "omnimind-guard.service")
