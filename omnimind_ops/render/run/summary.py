"""Summary of a finished run for people, made from its receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED, Checksum
from omnimind_ops.model.json import JSON
from omnimind_ops.model.status import RunState
from omnimind_ops.render.run.drawing import STATES
from omnimind_ops.render.run.tables import compared_table, downtime_table, speed_table, steps_table


def parts(body: Mapping[str, JSON], *, full: bool) -> Iterator[RenderableType]:
    """Yield the parts of a receipt to print; `full` adds versions, times and the receipt's own digest."""
    state = str(body.get("state", ""))
    style = STATES.get(RunState(state), "") if state in set(RunState) else ""
    yield Text.assemble(("run ", "dim"), (str(body.get("run", "")), "bold"), " is ", (state, style))
    if full:
        yield Text(
            f"omnimind {body.get('omnimind')}, started {body.get('started')}, ended {body.get('ended') or 'not yet'}",
            "dim",
        )
        plan = body.get("plan")
        steps = plan.get("steps") if isinstance(plan, Mapping) else None
        if isinstance(steps, Sequence) and not isinstance(steps, str):
            yield steps_table([step for step in steps if isinstance(step, Mapping)])
    downtime = body.get("downtime_s")
    if isinstance(downtime, Mapping) and downtime:
        yield downtime_table(downtime)
    bench = body.get("bench")
    if isinstance(bench, Mapping) and bench:
        yield speed_table(bench)
    verified = body.get("verified")
    if isinstance(verified, Mapping) and verified:
        yield compared_table(verified)
    backup = body.get("backup")
    checksum = backup.get("checksum") if isinstance(backup, Mapping) else None
    if checksum in UNPROTECTED:
        yield Text.assemble(("backup: ", "yellow"), DESCRIPTIONS[Checksum(str(checksum))])
    yield Text.assemble(("rollback: ", "dim"), str(body.get("rollback", "")))
    if full:
        yield Text(f"digest: {body.get('digest')}", "dim")
