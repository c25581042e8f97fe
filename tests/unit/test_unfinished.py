"""`up` and `restart` on a host whose migration was killed would run beside the containers: both would end dead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omnimind_ops.flows.unfinished import refuse_beside_migration
from omnimind_ops.flows.up import up
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.runner.journal import Journal
from omnimind_ops.settings import Settings

OPEN = {
    RunState.RUNNING: "continue it: omnimind migrate --from-docker; or undo it: omnimind rollback --run ",
    RunState.POSTPONED: "continue it: omnimind migrate --from-docker; or undo it: omnimind rollback --run ",
    RunState.ROLLING_BACK: "undo it: omnimind rollback --run ",
    RunState.FAILED: "undo it: omnimind rollback --run ",
}


@pytest.fixture
def host(tmp_path: Path) -> Callable[[RunState], Paths]:
    """A native host whose newest migration is in a state."""

    def made(state: RunState) -> Paths:
        paths = Paths(tmp_path)
        target = tmp_path / "etc/systemd/system/omnimind.target"
        target.parent.mkdir(parents=True)
        target.write_text("[Unit]\nWants=omnimind-8000@1.service\n")
        with Journal(paths.journal) as journal:
            journal.state(journal.create(Plan("migrate", ()), {}).id, state)
        return paths

    return made


@pytest.mark.parametrize("state", OPEN)
def test_up_refuses_beside_an_open_migration(state: RunState, host: Callable[[RunState], Paths]) -> None:
    with pytest.raises(Problem, match=f"is not finished, it is {state}") as refused:
        up(Settings(), host(state), lambda _event: None, environment={})
    assert refused.value.fix.startswith(OPEN[state])


def test_up_refuses_where_the_containers_are_the_system(host: Callable[[RunState], Paths]) -> None:
    """It started native services with no data beside them."""
    with pytest.raises(Problem, match="was rolled back, so the containers are the system") as refused:
        up(Settings(), host(RunState.ROLLED_BACK), lambda _event: None, environment={})
    assert "docker compose start" in refused.value.fix


@pytest.mark.parametrize("state", sorted(set(RunState) - set(OPEN) - {RunState.ROLLED_BACK}))
def test_other_migrations_are_no_reason(state: RunState, host: Callable[[RunState], Paths]) -> None:
    refuse_beside_migration(host(state), Trigger.UP, "start the services")


def test_nor_is_a_host_without_a_journal(tmp_path: Path) -> None:
    refuse_beside_migration(Paths(tmp_path), Trigger.UP, "start the services")
    assert not (tmp_path / "var").exists()
