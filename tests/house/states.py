"""The page docs/run-states.md, printed from the table of states: python -m tests.house.states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omnimind_ops.planning.run_cells import WALKED, WHOLE, Cell, Trigger
from omnimind_ops.planning.run_commands import COMMANDS
from omnimind_ops.planning.run_table import cell, way_out
from omnimind_ops.planning.situation import Situation
from tests.states.shown import ON_HOSTS

FILE = Path(__file__).resolve().parents[2] / "docs/run-states.md"
INTRODUCTION = """# States of a migration

A migration can be broken off anywhere, and any command can come next. This page says what happens then. It is printed
from the table in [run_table.py](../omnimind_ops/planning/run_table.py) (`python -m tests.house.states`). Commands are
refused by the same table.

Proof: **M** is walked by [test_run_table.py](../tests/states/test_run_table.py) on a model of a host with a real
journal, real commands and doubles of Docker and systemd. **H** is shown by the linked test on a host. A dash means that
the event has no command of its own, or that the command has exit codes of its own.

A migration has ended when one side serves, the containers or the native services, and no command has to follow.

| situation | ended | fewest commands to an end |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = (f"| [{name}](#{_anchor(name)}) | {'yes' if name in WHOLE else 'no'} | {_way(name)} |" for name in Situation)
    return INTRODUCTION + "\n".join(rows) + "\n" + "".join(map(_section, Situation))


def _way(situation: Situation) -> str:
    return ", then ".join(f"`{trigger}`" for trigger in way_out(situation) or ()) or "none needed"


def _section(situation: Situation) -> str:
    lines = [f"\n## {_title(situation)}\n", "| command or event | afterwards | exit | what happens | proof |"]
    lines += ["|---|---|---|---|---|", *_rows(situation)]
    return "\n".join(lines) + "\n"


def _rows(situation: Situation) -> Iterator[str]:
    for trigger in Trigger:
        entry = cell(trigger, situation)
        name = f"`{trigger}`" if trigger in COMMANDS else str(trigger)
        name += f", then `{entry.by}`" if entry.by else ""
        code = "–" if entry.code is None else str(int(entry.code))
        then = "the same" if entry.then is situation else str(entry.then)
        yield f"| {name} | {then} | {code} | {entry.text} | {_proof(situation, trigger, entry)} |"


def _proof(situation: Situation, trigger: Trigger, entry: Cell) -> str:
    file = ON_HOSTS.get((situation, trigger)) if entry.proof == WALKED else entry.proof
    host = f"[H](../{file})" if file else ""
    return " ".join(filter(None, ("M" if entry.proof == WALKED else "", host)))


def _title(situation: Situation) -> str:
    return situation[0].upper() + situation[1:]


def _anchor(situation: Situation) -> str:
    return "".join(letter for letter in situation.lower().replace(" ", "-") if letter.isalnum() or letter == "-")


if __name__ == "__main__":
    FILE.write_text(page())
