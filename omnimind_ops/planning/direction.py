"""In which direction a run that was cut off ends whole. Pure."""

from __future__ import annotations

from enum import StrEnum

from omnimind_ops.model.payloads import Act, ContainersPayload
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import TO_UNDO, RunState


class Direction(StrEnum):
    """What completes a run."""

    FORWARD = "forward"
    BACK = "back"
    STAY = "stay"  # one side is whole, or nothing was stopped yet


def direction(run: Run) -> Direction:
    """Return where to go.

    Back while the old stores could still be needed to read from: they are held, so no boot starts them. Forward once
    everything was read from them and they were told to stop. A failing step on the way forward turns back by itself.
    """
    if run.state in (RunState.ROLLING_BACK, RunState.FAILED):
        return Direction.BACK
    if run.state is not RunState.RUNNING or not cutover_begun(run):
        return Direction.STAY
    stops = [record for record in run.steps if _stops(record)]
    return Direction.FORWARD if all(record.status in TO_UNDO for record in stops) else Direction.BACK


def cutover_begun(run: Run) -> bool:
    """Return whether a step of the cutover may have changed something."""
    return any(record.step.phase == "cutover" and record.status in TO_UNDO for record in run.steps)


def _stops(record: StepRecord) -> bool:
    return record.step.kind == ContainersPayload.kind and record.step.payload(ContainersPayload).act is Act.STOP
