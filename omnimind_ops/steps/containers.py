"""kind "containers": note how the old stack is, hold it (disable automatic restarts), stop it, and bring it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import ContainersNotes, ContainerState
from omnimind_ops.model.payloads import Act, ContainersPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.ports import holders
from omnimind_ops.steps import fence
from omnimind_ops.steps.container_return import CREATE, RETURN_SECONDS, STAY_SECONDS, ContainerReturn
from omnimind_ops.steps.container_states import engine_start, look, state_of
from omnimind_ops.steps.stop_containers import stop_containers
from omnimind_ops.tools.shell import run

STOP_SECONDS = 60
"""In plans of earlier versions, which do not say how long a container may take to stop."""
NOTE_STEP = "note-containers"
HOLD_STEP = "hold-containers"


@dataclass(frozen=True)
class ContainersStep:
    """Acts "note", "hold" and "stop"; each notes the state before it acts.

    The undo of "stop" starts what was running. That of "hold" restores the restart policies, and waits until each
    container is as it was noted: it also finds those that ended because their restart policy was taken away. That of
    "note" does the same for a run that held nothing, if the engine was restarted meanwhile.

    `current` returns the ID of the container that stands for an old one now, "" for none; undo skips those without
    one if `give_up`, else it starts the others and raises a Problem.
    """

    payload: ClassVar = ContainersPayload
    notes: ClassVar = ContainersNotes
    clock: Callable[[], float] = time.time
    current: Callable[[str], str] = str
    give_up: bool = False
    stay: float = STAY_SECONDS
    seconds: float = RETURN_SECONDS

    def preview(self, step: Task[ContainersPayload]) -> Preview:
        """Return the containers that would change."""
        states, act = _states(step.payload.ids), step.payload.act
        affected = [
            container[:12]
            for container, state in states.items()
            if act is not Act.NOTE and (state.policy != "no" if act is Act.HOLD else state.ran)
        ]
        return Preview(step.id, Change.YES if affected else Change.NO, tuple(affected))

    def do(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> bool:
        """Note, hold or stop; idempotent."""
        match step.payload.act:
            case Act.NOTE:
                if memo.read().states is None:
                    memo.write(ContainersNotes(states=_states(step.payload.ids), engine=engine_start()))
                return False
            case Act.HOLD:
                return self._hold(step, memo, tell)
            case Act.STOP:
                return self._stop(step, memo, tell)

    def undo(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> None:
        """Restore the restart policies, or start what was running."""
        before = memo.read()
        match step.payload.act:
            case Act.NOTE:
                if memo.of(HOLD_STEP, ContainersNotes).policies is None and before.engine not in (None, engine_start()):
                    there = look(before.states or {})  # one that somebody removed is not ours to bring back
                    states = {id: state for id, state in (before.states or {}).items() if id in there}
                    self._return(step.id, tell).bring_back(states)
            case Act.HOLD:
                self._release(step.id, before, tell)
            case Act.STOP:
                self._start_again(step, memo, tell)

    def _hold(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> bool:
        states = _states(step.payload.ids)
        if memo.read().policies is None:
            begun = memo.of(NOTE_STEP, ContainersNotes)
            policies = {container: state.policy for container, state in states.items()}
            memo.write(ContainersNotes(policies=policies, states=_expected(begun, states), engine=engine_start()))
        if starters := step.payload.starters or ():
            if memo.read().starters is None:
                memo.write(ContainersNotes(starters=fence.active(starters)))
            fence.fence(starters)
        expected = memo.read().states or {}
        self._return(step.id, tell).bring_back({id: s for id, s in expected.items() if not states[id].ran})
        restarting = [container for container, state in states.items() if state.policy != "no"]
        if restarting:
            run(("docker", "update", "--restart=no", *restarting))
        return bool(restarting)

    def _stop(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> bool:
        states = _states(step.payload.ids)
        running = tuple(container for container in step.payload.ids if states[container].ran)
        notes = memo.read()
        if notes.running is None:
            memo.write(ContainersNotes(running=running, states={id: states[id] for id in running}))
        if notes.stopped_at is None:
            memo.write(ContainersNotes(stopped_at=self.clock()))
        if running:
            stop_containers(_graces(step, running))
            tell(line(step.id, f"stopped {len(running)} containers"))
        _wait_until_free(step.payload.ports or ())
        return bool(running)

    def _release(self, step: str, before: ContainersNotes, tell: Tell) -> None:
        """Restore the restart policies, then wait until every container is as it was."""
        for container, policy in (before.policies or {}).items():
            if now := self.current(container):
                run(("docker", "update", f"--restart={policy}", now))
        states = before.states or {}
        gone = [] if self.give_up else [id for id, state in states.items() if state.ran and not self.current(id)]
        there = {now: state for id, state in states.items() if (now := self.current(id))}
        try:
            self._return(step, tell).bring_back({**there, **{id: states[id] for id in gone}})
        finally:
            fence.lift(before.starters or {})

    def _start_again(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> None:
        before = memo.read()
        self._end_stop(step, before)
        problems = [problem for id in before.running or () if (problem := self._start(id, step.id, tell))]
        if memo.of(HOLD_STEP, ContainersNotes).states is None and problems:
            raise problems[0]
        for problem in problems:  # the undo of "hold" tries again and has the last word
            tell(warning(f"{problem.what}: {problem.why}", step.id))

    def _end_stop(self, step: Task[ContainersPayload], before: ContainersNotes) -> None:
        """End a stop that was cut: a container that ignores SIGTERM is killed by it later, after it was "started"."""
        if before.stopped_at is None or not before.states:
            return
        found = look(now for id in before.states if (now := self.current(id)))
        old = {state.started for state in before.states.values()}
        stopping = [id for id, container in found.items() if container.running and container.started in old]
        if stopping:
            since = int(self.clock() - before.stopped_at)
            graces = {self.current(id): grace for id, grace in _graces(step, before.states).items()}
            stop_containers({id: min(max(graces[id] - since, 1), graces[id]) for id in stopping}, check=False)

    def _start(self, container: str, step: str, tell: Tell) -> Problem | None:
        """Start the container; return why it does not start, so that the others are started all the same."""
        now = self.current(container)
        if not now:
            why, fix = "it was removed", f"{CREATE}, or give it up with `omnimind rollback --anyway`"
            return None if self.give_up else Problem(f"cannot start container {container[:12]}", why, fix)
        try:
            found = look((now,)).get(now)
            if not (found and found.running):
                _start(now)
                instead = "" if now == container else f" in place of {container[:12]}"
                tell(line(step, f"started container {now[:12]}{instead}"))
        except Problem as problem:
            return problem
        return None

    def _return(self, step: str, tell: Tell) -> ContainerReturn:
        return ContainerReturn(step, tell, self.stay, self.seconds)


def _graces(step: Task[ContainersPayload], ids: Iterable[str]) -> dict[str, int]:
    """Return the seconds that each may take to stop."""
    planned = step.payload.graces or {}
    return {id: planned.get(id, STOP_SECONDS) for id in ids}


def _states(ids: Iterable[str]) -> dict[str, ContainerState]:
    """Return the state of each container; raise Problem if one was removed."""
    wanted = tuple(ids)
    found = look(wanted)
    if gone := [id[:12] for id in wanted if id not in found]:
        raise Problem(
            f"cannot find container {', '.join(gone)}",
            "it was removed since this migration was planned",
            "run `omnimind rollback`, then `omnimind migrate --from-docker` again",
        )
    return {id: state_of(found[id]) for id in wanted}


def _expected(begun: ContainersNotes, now: Mapping[str, ContainerState]) -> dict[str, ContainerState]:
    """Return how the containers are; one that ran until the engine was restarted counts as running."""
    if not begun.engine or begun.engine == engine_start():
        return dict(now)
    before = begun.states or {}
    return {
        id: replace(before[id], policy=state.policy) if id in before and before[id].ran and not state.ran else state
        for id, state in now.items()
    }


def _start(container: str, tries: int = 20) -> None:
    for attempts_left in range(tries, 0, -1):
        if run(("docker", "start", container), check=attempts_left == 1, timeout=120).ok:
            return
        time.sleep(0.5)  # a port may take a moment to become free


def _wait_until_free(ports: tuple[int, ...], seconds: float = 30) -> None:
    """Wait until the ports are free: docker-proxy can outlive its container (moby#25981)."""
    end = time.monotonic() + seconds
    while in_use := [holder for holder in holders() if holder.port in ports]:
        if time.monotonic() > end:
            programs = ", ".join(f"{holder.port} by {holder.program} (pid {holder.pid})" for holder in in_use)
            raise Problem(
                "cannot free the ports of the stopped containers",
                f"{seconds:g} s after the containers stopped, these ports are still in use: {programs}",
                "stop these programs and run `omnimind migrate` again",
            )
        time.sleep(0.05)
