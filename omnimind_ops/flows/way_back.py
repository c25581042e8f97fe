"""Before an undo: ask the engine whether the old side can come back, so that nothing is taken away in vain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from omnimind_ops.flows.places import check_returns
from omnimind_ops.flows.run_inputs import old_stack
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.run import Run
from omnimind_ops.observe import docker
from omnimind_ops.planning import way_back, way_back_refused
from omnimind_ops.planning.way_back import Engine, Return

RESTART_SECONDS = 30.0
"""A dockerd that is being restarted answers again within this time."""


@dataclass
class WayBack:
    """The preflight of an undo, and afterwards the containers that stand for the old ones.

    `anyway`: containers that are gone or have other data are no reason to refuse. `wait`: seconds for the engine to
    answer.
    """

    tell: Tell
    anyway: bool = False
    wait: float = 0.0
    returns: dict[str, Return] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def check(self, run: Run) -> None:
        """Raise Problem if the old side cannot come back as it was while the native side runs; read-only."""
        check_returns(run)
        start = way_back.stopped(run)
        ids = tuple(dict.fromkeys((*start, *way_back.held(run))))
        if not ids:
            return
        self._answers(run)
        stack, project = old_stack(run), str(run.setup.get("project", ""))
        engine = Engine(docker.containers(), docker.volumes(), lambda path: Path(path).exists())
        self.returns = {container.old.id: container for container in way_back.returns(ids, stack, project, engine)}
        troubled = [self.returns[id] for id in start if self.returns[id].trouble]
        if troubled and way_back.native_runs(run) and not self.anyway:
            raise way_back_refused.not_as_it_was(run, troubled, stack, project)
        for container in self.returns.values():
            if text := container.trouble or container.note:
                self.tell(warning(f"{container.old.name or container.old.id[:12]}: {text}"))

    def current(self, container: str) -> str:
        """Return the ID of the container that stands for an old one, "" for none."""
        return self.returns[container].now if container in self.returns else container

    def _answers(self, run: Run) -> None:
        until = self.clock() + self.wait
        while reason := docker.version()[1]:
            if self.clock() >= until:
                raise way_back_refused.no_engine(run, reason)
            time.sleep(1)
