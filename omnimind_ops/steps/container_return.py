"""Bring containers back to the state that was noted before they were touched, and prove that they stay there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.facts import Container
from omnimind_ops.model.notes import ContainerState
from omnimind_ops.model.problem import Problem
from omnimind_ops.steps.container_states import look
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run

STAY_SECONDS = 3.0
"""A process that runs this long did not end because it could not start."""
RETURN_SECONDS = 60.0
HEALTH_SECONDS = 150.0
"""A health check is first made after its interval, which is 30 s unless the image sets another."""


@dataclass
class ContainerReturn:
    """Starts containers until each has run for `stay` seconds, and is healthy if it was."""

    step: str
    tell: Tell
    stay: float = STAY_SECONDS
    seconds: float = RETURN_SECONDS
    health_seconds: float = HEALTH_SECONDS
    clock: Callable[[], float] = time.monotonic
    errors: dict[str, str] = field(default_factory=dict)
    seen: dict[str, tuple[str, float]] = field(default_factory=dict)  # ID → start of its process, when first seen

    def bring_back(self, noted: Mapping[str, ContainerState]) -> None:
        """Return when every container that ran runs and stays; raise Problem naming those that do not."""
        expected = {id: state for id, state in noted.items() if state.ran}
        began = self.clock()
        while expected:
            found = look(expected)
            missing = {id: why for id in found if (why := self._missing(expected[id], found[id]))}
            if not missing:
                if gone := dict.fromkeys(expected.keys() - found.keys(), "it was removed"):
                    raise _not_back(gone, found)
                break
            limit = self.health_seconds if all(map(_only_unhealthy, missing.values())) else self.seconds
            if self.clock() - began > limit:
                raise _not_back(missing, found)
            time.sleep(0.2)
        self._pause(expected)

    def _missing(self, state: ContainerState, container: Container) -> str:
        """Return why a container is not back yet, "" when it is; start it if it does not run."""
        if not container.running:
            return "" if _has_ended(state, container) else self._start(container)
        if state.status == "restarting":
            return ""  # it did not stay before either
        process, since = self.seen.get(container.id, ("", 0.0))
        if process != container.started:
            self.seen[container.id] = (container.started, self.clock())
            return self.errors.get(container.id, "it does not stay")
        if self.clock() - since < self.stay or container.state == "restarting":
            return self.errors.get(container.id, "it does not stay")
        return f"{_UNHEALTHY}{container.health}" if state.health == "healthy" != container.health else ""

    def _start(self, container: Container) -> str:
        result = run(("docker", "start", container.id), check=False, timeout=120)
        if result.ok:
            self.tell(line(self.step, f"started container {container.name or container.id[:12]}"))
            return self.errors.get(container.id, "it does not stay")
        self.errors[container.id] = main_line(result.err.splitlines()) or f"docker start ended with {result.code}"
        return self.errors[container.id]

    def _pause(self, expected: Mapping[str, ContainerState]) -> None:
        for id, state in expected.items():
            if state.status == "paused":
                run(("docker", "pause", id), check=False)


CREATE = "create it again without starting it (docker compose up --no-start, in its project's folder)"
_UNHEALTHY = "it runs, but its health check says "


def _has_ended(state: ContainerState, container: Container) -> bool:
    """Return whether a job was started again and has ended well: its restart policy does not start it again."""
    again = state.policy not in ("always", "unless-stopped")
    return again and container.exit_code == 0 and container.started != state.started


def _only_unhealthy(why: str) -> bool:
    return why.startswith(_UNHEALTHY)


def _not_back(missing: Mapping[str, str], found: Mapping[str, Container]) -> Problem:
    names = {id: found[id].name if id in found else id[:12] for id in missing}
    log = next((name for id, name in names.items() if id in found), "")
    fix = f"read its log (docker logs {log}) and fix the cause" if log else CREATE
    return Problem(
        f"cannot bring back {', '.join(names.values())}",
        "; ".join(f"{names[id]}: {why}" for id, why in missing.items()),
        f"{fix}, then run `omnimind rollback` again",
    )
