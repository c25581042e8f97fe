"""When the guard keeps its hands off."""

from __future__ import annotations

import threading

from omnimind_ops.runner import lock
from tests.embedded.guard.watched import Watched, ready
from tests.health_world import System


def test_nothing_is_done_while_somebody_else_changes_the_system(whole: System) -> None:
    """A migration, an `up`: it says so once, and acts when the lock is free."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    held, free = threading.Event(), threading.Event()

    def migrate() -> None:
        with lock.hold(whole.world.lock, "alice", "migrate"):
            held.set()
            free.wait(30)

    other = threading.Thread(target=migrate)
    other.start()
    held.wait(10)
    try:
        guard.during(2.0)
        assert whole.manager.acts == []
        assert guard.runs == ()
        assert guard.said.count("cannot restart engine now: alice has been running another command since") == 1
    finally:
        free.set()
        other.join()
    guard.until(lambda _: "kill engine" in whole.manager.acts)


def test_what_a_person_stopped_is_left_alone(whole: System) -> None:
    """However long."""
    guard = Watched(whole)
    guard.until(ready("engine"))
    whole.manager.person_stops("engine")
    guard.during(2.0)
    assert whole.manager.acts == ["stop engine"] or whole.manager.acts == []
    assert guard.runs == ()


def test_told_only_to_observe_it_says_once_what_it_would_do(whole: System) -> None:
    """settings.auto_recovery = false."""
    guard = Watched(whole, auto_recovery=False)
    guard.until(ready("engine"))
    whole.fault(engine={"embed_status": 500})
    guard.during(2.0)
    assert whole.manager.acts == []
    assert guard.said.count("would restart engine, but auto_recovery is off: cannot embed: HTTP 500") == 1
