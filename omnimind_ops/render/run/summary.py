"""Summary of a finished run for people, made from its receipt."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED
from omnimind_ops.model.receipt import Receipt
from omnimind_ops.render.run.drawing import STATES
from omnimind_ops.render.run.tables import compared_table, downtime_table, speed_table, steps_table


def sections(receipt: Receipt, *, full: bool) -> Iterator[RenderableType]:
    """Yield the sections of a receipt to print; `full` adds versions, times, steps and the receipt's own digest."""
    yield Text.assemble(("run ", "dim"), (receipt.run, "bold"), " is ", (receipt.state, STATES.get(receipt.state, "")))
    if full:
        times = f"started {receipt.started}, ended {receipt.ended or 'not yet'}"
        yield Text(f"omnimind {receipt.omnimind}, {times}", "dim")
        yield steps_table(receipt.plan.steps)
    if receipt.downtime_s:
        yield downtime_table(receipt.downtime_s)
    if receipt.bench:
        yield speed_table(receipt.bench)
    if receipt.verified:
        yield compared_table(receipt.verified)
    checksum = receipt.backup.checksum if receipt.backup else None
    if checksum in UNPROTECTED:
        yield Text.assemble(("backup: ", "yellow"), DESCRIPTIONS[checksum])
    for folder, what in receipt.set_aside.items():
        yield Text.assemble(("kept: ", "yellow"), f"{folder} ({what}; `omnimind finish` deletes it)")
    yield Text.assemble(("rollback: ", "dim"), receipt.rollback)
    if full:
        yield Text(f"digest: {receipt.digest}", "dim")
