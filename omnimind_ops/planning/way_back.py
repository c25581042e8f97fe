"""Which containers the undo of a run starts, and whether each can come back as it was.

Pure: the run and what the engine says now go in. Start at returns().
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from omnimind_ops.model.facts import Container, Mount
from omnimind_ops.model.notes import ContainersNotes
from omnimind_ops.model.old_stack import OldContainer, OldMount, OldStack
from omnimind_ops.model.payloads import Act, ContainersPayload, HostPayload
from omnimind_ops.model.plan import Undo
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import TO_UNDO, Status


@dataclass(frozen=True)
class Engine:
    """What the container engine has now: containers, and names of volumes. `exists`: whether a folder exists."""

    containers: tuple[Container, ...]
    volumes: frozenset[str]
    exists: Callable[[str], bool]


@dataclass(frozen=True)
class Return:
    """An old container and the one that can be started for it.

    `now` is the ID of that one, "" for none. `trouble` says why it would not come back as it was, "" if it would;
    `note` says what is different and harmless.
    """

    old: OldContainer
    now: str = ""
    trouble: str = ""
    note: str = ""


def held(run: Run) -> tuple[str, ...]:
    """Return the containers whose restart policy the undo restores."""
    return tuple(id for notes in _notes(run, Act.HOLD) for id in notes.policies or {})


def stopped(run: Run) -> tuple[str, ...]:
    """Return the containers that the undo starts, in that order: those that were stopped, then others that ran."""
    stopped = [id for notes in reversed(_notes(run, Act.STOP)) for id in notes.running or ()]
    ran = [id for notes in _notes(run, Act.HOLD) for id, state in (notes.states or {}).items() if state.ran]
    return tuple(dict.fromkeys((*stopped, *ran)))


def native_runs(run: Run) -> bool:
    """Return whether the native services have taken over and were not stopped again."""
    return any(
        record.status is Status.DONE
        for record in run.steps
        if record.step.kind == HostPayload.kind and record.step.payload(HostPayload) == HostPayload("units", "activate")
    )


def is_whole(run: Run) -> bool:
    """Return whether every step was done, and nothing that counts was undone since: verify and prove change nothing."""
    return native_runs(run) and all(
        record.status is Status.DONE or (record.status is Status.HELD and record.step.undo is Undo.KEPT)
        for record in run.steps
    )


def returns(ids: Sequence[str], stack: OldStack, project: str, engine: Engine) -> tuple[Return, ...]:
    """Return, for each of the old containers, what can be started for it."""
    known = {old.id: old for old in stack.containers}
    return tuple(_return(known.get(id, OldContainer(id, id[:12], "", "")), known, project, engine) for id in ids)


def _return(old: OldContainer, known: Collection[str], project: str, engine: Engine) -> Return:
    same = next((c for c in engine.containers if c.id == old.id), None)
    if same:
        note = "" if same.name == old.name or old.id not in known else f"it is called {same.name} now"
        return Return(old, same.id, _lost(map(_old_mount, same.mounts), engine), note)
    heirs = [
        c
        for c in engine.containers
        if (c.project, c.service) == (project, old.service) and not c.oneoff and c.id not in known
    ]
    heir = next((c for c in heirs if c.name == old.name), heirs[0] if len(heirs) == 1 else None)
    if not heir or not old.service:
        return Return(old, trouble=f"its container {old.id[:12]} was removed")
    note = f"it was created again as {heir.id[:12]}"
    return Return(old, heir.id, _other_data(old, heir) or _lost(map(_old_mount, heir.mounts), engine), note)


def _other_data(old: OldContainer, heir: Container) -> str:
    """Return why a container that was created again does not have the data of the old one, "" if it has."""
    if old.mounts is None:
        return f"it was created again as {heir.id[:12]}, and this run does not know what was mounted in it"
    now = {mount.target: _old_mount(mount) for mount in heir.mounts}
    for mount in old.mounts:
        if now.get(mount.target) != mount:
            actual = now.get(mount.target)
            place = f"{actual.kind} {actual.origin}" if actual else "nothing"
            before = f"{mount.kind} {mount.origin}"
            return f"it was created again as {heir.id[:12]}, with {place} at {mount.target} instead of {before}"
    return ""


def _lost(mounts: Iterable[OldMount], engine: Engine) -> str:
    """Return which data is gone: the engine would create an empty folder or volume in its place."""
    for mount in mounts:
        if mount.kind == "volume" and mount.origin not in engine.volumes:
            return f"its volume {mount.origin} is gone"
        if mount.kind == "bind" and not engine.exists(mount.origin):
            return f"its folder {mount.origin} is gone"
    return ""


def old_mounts(container: Container) -> tuple[OldMount, ...]:
    """Return a container's mounts as they are noted."""
    return tuple(map(_old_mount, container.mounts))


def _old_mount(mount: Mount) -> OldMount:
    return OldMount(mount.kind, mount.name if mount.kind == "volume" else mount.source, mount.target)


def _notes(run: Run, act: Act) -> list[ContainersNotes]:
    return [
        record.notes(ContainersNotes)
        for record in run.steps
        if record.step.kind == ContainersPayload.kind
        and record.status in TO_UNDO
        and record.step.payload(ContainersPayload).act is act
    ]
