"""Print one run's log: every event with its time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from omnimind_ops.model.json import JSON
from omnimind_ops.model.run import Run
from omnimind_ops.render.jsonl import json_line
from omnimind_ops.runner.records import RecordedEvent


def events(run: Run, entries: Sequence[RecordedEvent], *, json: bool) -> None:
    """Print the events, oldest first, with local times; as JSON, one original event per line."""
    if json:
        lines = [json_line(entry.event, datetime.fromisoformat(entry.at)) for entry in entries]
    else:
        lines = [
            f"{run.id} is {run.state}",
            *(
                f"{datetime.fromisoformat(entry.at).astimezone():%Y-%m-%d %H:%M:%S}  {entry.event.text}"
                for entry in entries
            ),
        ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def recovery_facts(run: Run) -> dict[str, JSON]:
    """Return service and reason of a recovery: {"service", "reason"}; {} for other runs."""
    return {key: run.setup.get(key) for key in ("service", "reason")} if run.plan.name == "recover" else {}
