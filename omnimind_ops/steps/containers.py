"""kind "containers": hold (disable automatic restarts) and stop the old stack, and start it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import ContainersNotes
from omnimind_ops.model.payloads import Act, ContainersPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.ports import holders
from omnimind_ops.tools.shell import run

STOP_SECONDS = 60
POLICY = "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}"


def restart_policy(container: str) -> str:
    """Return a container's restart policy as `docker update --restart` takes it."""
    name, _, count = run(("docker", "inspect", "--format", POLICY, container)).out.strip().partition(":")
    return f"{name}:{count}" if name == "on-failure" and count != "0" else name or "no"


def is_running(container: str) -> bool:
    """Return whether a container runs."""
    return run(("docker", "inspect", "--format", "{{.State.Running}}", container)).out.strip() == "true"


@dataclass(frozen=True)
class ContainersStep:
    """Acts "hold" and "stop"; each notes the previous state before it acts.

    `current` returns the ID of the container that stands for an old one now, "" for none; undo skips those without
    one if `give_up`, else it starts the others and raises a Problem.
    """

    payload: ClassVar = ContainersPayload
    notes: ClassVar = ContainersNotes
    clock: Callable[[], float] = time.time
    current: Callable[[str], str] = str
    give_up: bool = False

    def preview(self, step: Task[ContainersPayload]) -> Preview:
        """Return the containers that would change."""
        hold = step.payload.act is Act.HOLD
        affected = [
            container
            for container in step.payload.ids
            if (restart_policy(container) != "no" if hold else is_running(container))
        ]
        return Preview(step.id, Change.YES if affected else Change.NO, tuple(container[:12] for container in affected))

    def do(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> bool:
        """Hold or stop; idempotent."""
        return self._hold(step, memo) if step.payload.act is Act.HOLD else self._stop(step, memo, tell)

    def undo(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> None:
        """Restore the restart policies, or start what was running."""
        before = memo.read()
        if step.payload.act is Act.HOLD:
            for container, policy in (before.policies or {}).items():
                if now := self.current(container):
                    run(("docker", "update", f"--restart={policy}", now))
            return
        problems = [problem for container in before.running or () if (problem := self._start(container, step.id, tell))]
        if problems:
            raise problems[0]

    def _start(self, container: str, step: str, tell: Tell) -> Problem | None:
        """Start the container; return why it does not start, so that the others are started all the same."""
        now = self.current(container)
        if not now:
            why, fix = "it was removed", "create it again, or give it up with `omnimind rollback --anyway`"
            return None if self.give_up else Problem(f"cannot start container {container[:12]}", why, fix)
        try:
            if not is_running(now):
                _start(now)
                instead = "" if now == container else f" in place of {container[:12]}"
                tell(line(step, f"started container {now[:12]}{instead}"))
        except Problem as problem:
            return problem
        return None

    def _hold(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes]) -> bool:
        policies = {container: restart_policy(container) for container in step.payload.ids}
        if memo.read().policies is None:
            memo.write(ContainersNotes(policies=policies))
        restarting = [container for container, policy in policies.items() if policy != "no"]
        if restarting:
            run(("docker", "update", "--restart=no", *restarting))
        return bool(restarting)

    def _stop(self, step: Task[ContainersPayload], memo: Memo[ContainersNotes], tell: Tell) -> bool:
        running = tuple(container for container in step.payload.ids if is_running(container))
        notes = memo.read()
        if notes.running is None:
            memo.write(ContainersNotes(running=running))
        if notes.stopped_at is None:
            memo.write(ContainersNotes(stopped_at=self.clock()))
        if running:
            run(("docker", "stop", f"--time={STOP_SECONDS}", *running), timeout=STOP_SECONDS * 2)
            tell(line(step.id, f"stopped {len(running)} containers"))
        _wait_until_free(step.payload.ports or ())
        return bool(running)


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
