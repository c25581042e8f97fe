"""Every part of omnimind that emits events, driven without a host: EMITTERS has a function for each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from omnimind_ops.flows import converge, down, recovery, restart
from omnimind_ops.flows.startup import bring_up
from omnimind_ops.flows.wheelhouse import make
from omnimind_ops.health.recovery_actions import Escalation, Restart
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.event import Event, Tell, line, progress, warning
from omnimind_ops.model.health import Outcome, State
from omnimind_ops.model.plan import Plan, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System
from omnimind_ops.model.wheelhouse import Target
from omnimind_ops.model.world import Mode, World
from omnimind_ops.paths import Paths
from omnimind_ops.runner import run as runner
from omnimind_ops.runner.journal import Journal
from omnimind_ops.settings import Settings
from tests.embedded.test_starting import STORE, Scripted, service, start
from tests.runner.script import Script, plan

NOW = datetime(2026, 11, 23, 10, 45, 1, tzinfo=UTC)
Emitter = Callable[[Path, pytest.MonkeyPatch, Tell], None]


class Talkative(Script):
    """Shows progress and warns, with a secret."""

    def _act(self, step: Step, verb: str, tell: Tell) -> None:
        tell(progress(step.id, "copying", 1, 2))
        tell(progress(step.id, "counting", 7, None, "keys"))
        tell(warning("not copied: redis://app:hunter2@127.0.0.1/0", step.id))
        super()._act(step, verb, tell)


def world(folder: Path) -> World:
    """An embedded system that was never started."""
    return World(Mode.EMBEDDED, System(), folder, folder, folder, folder, folder)


def run(folder: Path, _: pytest.MonkeyPatch, tell: Tell) -> None:
    """A run that fails in its third step for a reason nobody thought of, and one that fails with a Problem."""
    with Journal(folder / "journal.db", clock=lambda: NOW) as journal:
        for text in ("a@warm:do b@cutover:do c@verify:do-bug d@verify:do", "a:do-error a:undo-error"):
            runner.apply(journal.create(plan(text), {}), journal, {"script": Talkative()}, tell)


def recover(folder: Path, _: pytest.MonkeyPatch, tell: Tell) -> None:
    """A recovery: an act that helped, and one that did not."""
    record = recovery.RecoveryLog(world(folder), tell)
    act = Restart("backend-8080", Escalation.WORKER, ("backend-8080-1",), 1, "was silent; token=hunter2")
    record.started(act)
    record.ended(act, 0.4)
    record.recovered("backend-8080")
    record.started(act)
    record.ended(act, 0.4, "cannot start it")
    record.gave_up("backend-8080", "5 restarts did not help")


def up(_: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    """A start of which one service fails, and one that succeeds."""
    fates = {"store": ProcessState("store", "backoff", restarts=9, detail="ended with 3")}
    backend = service("backend", "store")
    monkeypatch.setattr(bring_up, "_probe", lambda _: lambda _: Outcome(True))
    monkeypatch.setattr(bring_up, "_prove", lambda _world, _manager: SimpleNamespace(state=State.READY))
    calm = SimpleNamespace(wait=lambda: SimpleNamespace(summary="the processors rest"), close=lambda: None)
    monkeypatch.setattr(bring_up, "PressureMeter", lambda: calm)
    monkeypatch.setattr(bring_up, "lines", lambda _: ["the chain"])
    for fate, services in ((fates, (STORE, backend)), ({}, (STORE,))):
        monkeypatch.setattr(bring_up.managers, "of", lambda _, fate=fate: Scripted(fate))
        monkeypatch.setattr(bring_up, "services", lambda _, services=services: services)
        with contextlib.suppress(Problem):
            bring_up.bring_up(world(Path("/nowhere")), (), {}, tell)


def services_restarted(folder: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    """Restart of two services."""
    monkeypatch.setattr(restart.managers, "of", lambda _: Scripted())
    monkeypatch.setattr(restart.probes, "of", lambda *_args, **_kwargs: Outcome(True))
    restart.restart(world(folder), ("redis", "qdrant"), tell)


def services_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    """Stop of two services."""
    manager = Scripted(now={name: ProcessState(name, "running", 7) for name in ("redis", "qdrant")})
    monkeypatch.setattr(down.managers, "of", lambda _: manager)
    monkeypatch.setattr(down.units, "may_stop", lambda *_: True)
    monkeypatch.setattr(down.daemon, "stop", lambda _: None)
    monkeypatch.setattr(down.daemon, "clean", lambda _: None)
    monkeypatch.setattr(down.census, "end", lambda _: 3)
    down.down(world(folder), tell)


def wheelhouse(_: Path, _patch: pytest.MonkeyPatch, tell: Tell) -> None:
    """A wheelhouse that is made, and one that is not."""
    order = make.order(Path("wheels"), Target("3.12", (2, 31)), "cpu")
    with make.running(order, tell), make._step(tell, "fetch"):
        tell(progress("fetch", "download the wheels", 5, 10))
    with contextlib.suppress(OSError), make.running(order, tell), make._step(tell, "try"):
        raise OSError


def converged(folder: Path, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    """A converge of two steps."""
    scripts = {"script": Script(), "host": Script()}
    monkeypatch.setattr(converge, "handlers", lambda *_: contextlib.nullcontext(scripts))
    monkeypatch.setattr(converge, "goal_now", lambda *_: None)
    monkeypatch.setattr(converge, "plan", lambda: Plan("converge", plan("a:do b:do").steps))
    monkeypatch.setattr(Script, "_act", lambda *_: None)
    with Journal(folder / "converge.db", clock=lambda: NOW) as journal:
        converge.converge(journal.create(plan("a:do"), {}), Paths(), Settings(), tell)


def start_found_running(_: Path, _patch: pytest.MonkeyPatch, tell: Tell) -> None:
    """A start whose service was there already and answers late."""
    manager = Scripted(now={"store": ProcessState("store", "running", 7)})
    item, events = start(manager, {"store": [False, True]}, STORE)
    item.run()
    for event in events:
        tell(event)


EMITTERS: dict[str, Emitter] = {
    "run": run,
    "recover": recover,
    "up": up,
    "start": start_found_running,
    "restart": services_restarted,
    "down": services_stopped,
    "wheelhouse": wheelhouse,
    "converge": converged,
}


def told(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Return what one of them told."""
    events: list[Event] = []
    EMITTERS[name](folder, monkeypatch, events.append)
    return events


def plain() -> Iterator[Event]:
    """Yield one event of each helper."""
    yield line("a", "31 files")
    yield line("", "nothing is installed")
    yield warning("look at it")
    yield warning("not copied: x", "a")
    yield progress("a", "copying", 1, 2)
    yield progress("a", "counting", 7, None, "keys")
