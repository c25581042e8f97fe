"""What one guard leaves for the next, and for `rollback`."""

from __future__ import annotations

from omnimind_ops.flows import recovery
from omnimind_ops.health.recovery_actions import Escalation, Restart
from omnimind_ops.model.status import RunState
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from tests.embedded.guard.watched import Watched, ready
from tests.health_world import System


def test_a_guard_that_was_killed_between_stop_and_start_is_continued_by_the_next_one(whole: System) -> None:
    """Else the service would stay stopped, and look as if a person had stopped it."""
    first = Watched(whole)
    act = Restart("frontend", Escalation.UNIT, ("frontend",), 2, "does not serve the page")
    record = recovery.RecoveryLog(whole.world, first.events.append)
    record.started(act)
    whole.manager.person_stops("frontend")  # as stop() leaves it
    second = Watched(whole)
    assert "starting frontend: the previous guard ended during the restart" in second.said
    second.until(ready("frontend"))
    second.until(lambda _: second.runs[0].state is RunState.FINISHED)


def test_a_guard_that_is_stopped_in_good_order_leaves_nothing_open(whole: System) -> None:
    """Who does that has taken over: the next guard begins anew."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    guard.until(lambda _: "kill engine" in whole.manager.acts)
    guard.guard.monitor.cache.gave_up["frontend"] = "5 restarts did not help"
    guard.guard.end()
    assert [run.state for run in guard.runs] == [RunState.FINISHED]
    assert Watched(whole).guard.state.incidents == {}


def test_what_was_given_up_stays_given_up_for_the_next_guard(whole: System) -> None:
    """A guard that is restarted again and again must not begin again and again."""
    first = Watched(whole)
    first.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    first.guard.monitor.cache.gave_up["engine"] = "5 restarts did not help"
    first.until(lambda report: report.of("engine").bad > 0)  # type: ignore[union-attr]
    second = Watched(whole)
    second.during(2.0)
    assert whole.manager.acts == []


def test_recoveries_are_no_migrations(whole: System) -> None:
    """`rollback` and `finish` pick the newest migration: a recovery after it must not hide it."""
    from omnimind_ops.flows import resolve_run
    from omnimind_ops.model.plan import Plan

    with Journal(whole.world.journal) as journal:
        wanted = journal.create(Plan("migrate", ()), {})
        journal.create(recovery.plan("engine"), {"service": "engine", "reason": "x"})
    assert resolve_run.migration(History(whole.world.journal), "").id == wanted.id
