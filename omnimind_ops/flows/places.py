"""The data folders of a run: what it put where, so that it can be taken back or cleaned up."""

from __future__ import annotations

from pathlib import Path

from omnimind_ops.model.notes import CopyNotes, PlaceNotes
from omnimind_ops.model.payloads import CopyPayload, Pass, PlacePayload
from omnimind_ops.model.place import Place
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.stores.files.place import check_return


def places(run: Run) -> tuple[Place, ...]:
    """Return the data folders of a run."""
    return tuple(place for record in run.steps if (place := _place(record)))


def check_returns(run: Run) -> None:
    """Raise Problem if a folder's previous content cannot come back, because its file system is not mounted."""
    for record in run.steps:
        if (place := _place(record)) and _is_swapped(record):
            check_return(place)


def leftovers(run: Run) -> tuple[Path, ...]:
    """Return what lies on the file systems of the data folders until `finish`: parked content and staged copies."""
    results = (place.own if place.inside else place.parked for place in places(run))
    return tuple(folder for folder in dict.fromkeys(results) if folder.exists())


def _place(record: StepRecord) -> Place | None:
    if record.step.kind == PlacePayload.kind:
        payload = record.step.payload(PlacePayload)
        return Place(Path(payload.redis_dir), bool(payload.inside))
    if record.step.kind == CopyPayload.kind:
        copy = record.step.payload(CopyPayload)
        return Place.of(copy.target, copy.incoming) if copy.pass_ is Pass.FINAL else None
    return None


def _is_swapped(record: StepRecord) -> bool:
    if record.step.kind == PlacePayload.kind:
        return bool(record.notes(PlaceNotes).placing)
    return bool(record.notes(CopyNotes).swapping)
