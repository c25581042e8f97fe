"""A survey: many stages looked at in one go, and the same facts as one by one; for real, on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from pyinfra.api.exceptions import OperationError
from pyinfra.connectors.local import LocalConnector
from pyinfra.context import ctx_host, ctx_state

from deploy import job
from deploy.deploy import ROLES
from deploy.facts.accounts import Accounts
from deploy.facts.packages import Packages
from deploy.facts.paths import Paths
from deploy.facts.postgres import Clusters
from deploy.facts.stats import Stats
from deploy.facts.units import Units
from deploy.inventory import connected
from deploy.look import answer, look, looking
from deploy.operations.place import place
from deploy.wanted import File
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Step
from omnimind_ops.steps.host import HostStep

from .test_worker import job_of, serve

STAGES = [("one", "configure"), ("two", "configure"), ("three", "configure")]
root = pytest.mark.skipif(os.geteuid() != 0, reason="files get an owner, which takes root")


class Role:
    """Two files of its own."""

    def __init__(self, folder: Path, title: str) -> None:
        self.files = [File(f"{folder}/{title}", f"{title}\n"), File(f"{folder}/{title}.more", "more\n")]
        self.title = title

    def configure(self, goal: Goal) -> None:
        place(name=f"Write {self.title}", wanted=self.files)


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The commands that pyinfra runs."""
    ran: list[str] = []
    usual = LocalConnector.run_shell_command

    def run(self: LocalConnector, command: object, *args: object, **more: object) -> object:
        ran.append(str(command))
        return usual(self, command, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalConnector, "run_shell_command", run)
    yield ran


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where three roles have done their work."""
    for title in ("one", "two", "three"):
        monkeypatch.setitem(ROLES, title, Role(tmp_path, title))
        job.run(title, "configure", Goal(), False, lambda _: None)
    return tmp_path


def settled() -> object:
    return job.survey(STAGES, Goal())["settled"]


@root
def test_all_of_it_is_read_by_one_shell(folder: Path, shells: list[str]) -> None:
    assert settled() == 3
    assert len(shells) == 1


@root
@pytest.mark.parametrize(("title", "left"), [("one", 0), ("two", 1), ("three.more", 2)])
@pytest.mark.parametrize("spoil", [lambda p: p.write_text("x"), lambda p: p.chmod(0o600), lambda p: p.unlink()])
def test_it_ends_at_the_first_stage_whose_work_was_spoilt_on_the_disk(
    folder: Path, title: str, left: int, spoil: object
) -> None:
    assert settled() == 3
    spoil(folder / title)  # type: ignore[operator]
    assert settled() == left


@root
def test_it_changes_nothing(folder: Path) -> None:
    (folder / "two").write_text("drifted")
    settled()
    assert (folder / "two").read_text() == "drifted"


def test_a_stage_that_cannot_be_prepared_ends_it_and_is_left_to_say_why_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(goal: Goal) -> None:
        raise OperationError("no program")

    monkeypatch.setitem(ROLES, "broken", type("Role", (), {"configure": staticmethod(fail)}))
    assert job.survey([("base", "activate"), ("broken", "configure")], Goal())["settled"] == 1
    assert job.run("broken", "configure", Goal(), False, lambda _: None)["why"] == "no program"


def test_facts_are_the_same_together_as_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "no end of line").write_text("x")
    (tmp_path / "empty").touch()
    paths = tuple(str(tmp_path / one) for one in ("no end of line", "empty", "absent"))
    questions = (
        (Accounts, {"users": ("nobody-such",)}), (Accounts, {"users": ("root", "nobody")}), (Packages, {"packages": ("dpkg", "no-such")}),
        (Paths, {"paths": paths}), (Stats, {"paths": paths}), (Stats, {"paths": paths[2:]}), (Clusters, {}), (Units, {"units": ("ssh.service",), "paths": paths}),
    )  # fmt: skip
    state, host = connected()
    with ctx_state.use(state), ctx_host.use(host):
        alone = [look(fact, **about) for fact, about in questions]
        with looking() as memory:
            assert [look(fact, **about) for fact, about in questions] == [fact().default() for fact, _ in questions]
            answer(memory, host)
            assert [look(fact, **about) for fact, about in questions] == alone


def test_a_fact_is_remembered_for_the_block_and_no_longer(tmp_path: Path, shells: list[str]) -> None:
    about = {"paths": (str(tmp_path / "file"),)}
    state, host = connected()
    with ctx_state.use(state), ctx_host.use(host):
        with looking() as memory:
            answer(memory, host)
            assert look(Stats, **about) == look(Stats, **about) == {}
            assert len(shells) == 1
        (tmp_path / "file").touch()
        assert look(Stats, **about) != {}


def test_a_worker_answers_a_survey_and_then_jobs() -> None:
    first, second = serve(
        {"survey": [["base", "activate"], ["frontend", "install"]], "goal": asdict(Goal())}, job_of("base", "activate")
    )
    assert first == {"kind": "done", "settled": 2}
    assert second["kind"] == "done"


def test_steps_are_settled_up_to_the_first_that_would_change_something() -> None:
    def step(role: str, stage: str) -> Step:
        return Step(f"{stage}-{role}", "host", "", {"role": role, "stage": stage})

    with HostStep(Goal()) as host:
        assert (
            host.settled(
                [
                    step("base", "activate"),
                    step("guard", "install"),
                    step("guard", "configure"),
                    step("units", "install"),
                ]
            )
            == 2
        )
