"""The table of states: what each command and each event does to a migration, in every situation.

Commands are refused by this table (flows/unfinished.py). docs/run-states.md is printed from it, and
tests/runner/test_run_table.py walks it. Start at TABLE.
"""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.planning.run_cells import WHOLE, Cell, Column, Trigger
from omnimind_ops.planning.run_commands import COMMANDS
from omnimind_ops.planning.run_events import EVENTS
from omnimind_ops.planning.situation import Situation

TABLE: Mapping[Trigger, Column] = {**COMMANDS, **EVENTS}


def cell(trigger: Trigger, situation: Situation) -> Cell:
    """Return the cell of a command or event in a situation."""
    return TABLE[trigger][situation]


def way_out(situation: Situation) -> tuple[Trigger, ...] | None:
    """Return the fewest commands after which one side is whole, None if there are none."""
    paths: dict[Situation, tuple[Trigger, ...]] = {situation: ()}
    queue = [situation]
    while queue:
        here = queue.pop(0)
        if here in WHOLE:
            return paths[here]
        if here is Situation.AT_WORK:  # it ends by itself, or is killed
            return way_out(EVENTS[Trigger.KILL][here].then)
        for trigger, column in COMMANDS.items():
            if not column[here].refused and column[here].then not in paths:
                paths[column[here].then] = (*paths[here], trigger)
                queue.append(column[here].then)
    return None
