"""A survey: many stages looked at in one go, and the same facts as one by one; for real, on this machine."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyinfra import host
from pyinfra.api import StringCommand, operation
from pyinfra.api.exceptions import OperationError
from pyinfra.facts.files import File as FileFact
from pyinfra.facts.files import FileContents, Sha1File
from pyinfra.facts.server import Groups, Kernel, Which
from pyinfra.operations import files

from deploy import connector, job, prepare
from deploy.batch import Batch, UnansweredError
from deploy.connector import Machine
from deploy.deploy import ROLES
from deploy.facts.accounts import Accounts
from deploy.facts.packages import Packages
from deploy.facts.paths import Paths
from deploy.facts.postgres import Clusters
from deploy.facts.stats import Stats
from deploy.facts.units import Units
from deploy.inventory import connect
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.steps.host import HostStep

from .test_worker import job_of, serve

STAGES = [("one", "configure"), ("two", "configure"), ("three", "configure")]
root = pytest.mark.skipif(os.geteuid() != 0, reason="files get an owner, which takes root")


class Role:
    """Two files of its own."""

    def __init__(self, folder: Path, title: str) -> None:
        self.folder, self.title = folder, title

    def configure(self, goal: Goal) -> None:
        for name, content in ((self.title, f"{self.title}\n"), (f"{self.title}.more", "more\n")):
            files.put(
                src=io.StringIO(content),
                dest=f"{self.folder}/{name}",
                user="root",
                group="root",
                mode="644",
                create_remote_dir=False,
            )


@pytest.fixture
def shells(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The shells that are started on this machine."""
    ran: list[str] = []
    usual = connector.execute

    def run(command: str, *args: Any) -> object:
        ran.append(command)
        return usual(command, *args)

    monkeypatch.setattr(connector, "execute", run)
    monkeypatch.setattr(prepare, "execute", run)
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
def test_files_are_read_by_one_shell_and_what_is_in_them_by_another(folder: Path, shells: list[str]) -> None:
    assert settled() == 3
    assert shells == ["sh -s", "sh -s"]


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
    (tmp_path / "not UTF-8").write_bytes(b"\xff\xfe\n")
    paths = tuple(str(tmp_path / item) for item in ("no end of line", "empty", "not UTF-8", "absent"))
    questions: tuple[tuple[Any, dict[str, Any]], ...] = (
        (Accounts, {"users": ("nobody-such",)}),
        (Accounts, {"users": ("root", "nobody")}),
        (Packages, {"packages": ("dpkg", "no-such")}),
        (Paths, {"paths": paths}),
        (Stats, {"paths": paths}),
        (Stats, {"paths": paths[2:]}),
        (Clusters, {}),
        (Units, {"units": ("ssh.service",), "paths": paths}),
        (Groups, {}),
        (Kernel, {}),
        (Which, {"command": "no-such"}),
        *((fact, {"path": path}) for fact in (FileFact, Sha1File, FileContents) for path in paths),
    )
    batch = Batch()
    alone, together = (connect(which)[1] for which in (Machine, partial(Machine, batch=batch)))
    for fact, about in questions:
        with pytest.raises(UnansweredError):
            together.get_fact(fact, **about)
    batch.answer(prepare._execute)
    assert batch.open == {}
    for fact, about in questions:
        both = (together.get_fact(fact, **about), alone.get_fact(fact, **about))
        for state in both:
            if isinstance(state, dict):
                state.pop("atime", None)  # the other facts read the files
        assert both[0] == both[1], (fact, about)


def test_a_command_that_breaks_the_shell_of_all_does_not_spoil_the_answers_of_the_others() -> None:
    batch = Batch()
    for command in ("echo one", "echo 'two", "exit 3", "kill -9 $$", "echo four"):
        batch.ask(command, in_operation=True)
    batch.answer(prepare._execute)
    assert batch.answers["echo one"] == (0, ["one"]) and batch.answers["echo four"] == (0, ["four"])
    assert batch.answers["exit 3"] == (3, [])


def test_an_operation_is_asked_again_when_what_it_asked_for_is_known_and_a_role_waits() -> None:
    requests: list[object] = []

    @operation()
    def curious():  # type: ignore[no-untyped-def]
        requests.append(host.get_fact(Kernel))
        yield from ()

    def stage(goal: Goal) -> None:
        curious()
        requests.append(("role", host.get_fact(Kernel)))

    (done,) = prepare.prepare([stage], Goal())
    assert requests == [None, os.uname().sysname, ("role", os.uname().sysname)] and done.is_settled


def test_two_stages_may_wait_for_the_same_fact() -> None:
    def stage(goal: Goal) -> None:
        host.get_fact(Kernel)

    assert all(done.is_settled for done in prepare.prepare([stage, stage], Goal()))


def test_what_an_operation_asks_while_it_runs_is_never_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"

    @operation()
    def touch():  # type: ignore[no-untyped-def]
        if host.get_fact(FileFact, path=str(path)) is None:
            yield StringCommand(f"touch {path}")

    def twice(goal: Goal) -> None:
        touch(name="Once")
        touch(name="Again")

    monkeypatch.setitem(ROLES, "one", type("Role", (), {"configure": staticmethod(twice)}))
    assert job.run("one", "configure", Goal(), True, lambda _: None)["changed"] == 2
    assert job.run("one", "configure", Goal(), False, lambda _: None)["changed"] == 1


def test_a_worker_answers_a_survey_and_then_jobs() -> None:
    first, second = serve(
        {"survey": [["base", "activate"], ["frontend", "install"]], "goal": asdict(Goal())}, job_of("base", "activate")
    )
    assert first == {"kind": "done", "settled": 2}
    assert second["kind"] == "done"


def test_steps_are_settled_up_to_the_first_that_would_change_something() -> None:
    def step(role: str, stage: str) -> Task[HostPayload]:
        return Task(f"{stage}-{role}", HostPayload(role, stage))

    with HostStep(Goal()) as host:
        assert (
            host.count_unchanged(
                [
                    step("base", "activate"),
                    step("guard", "install"),
                    step("guard", "configure"),
                    step("units", "install"),
                ]
            )
            == 2
        )
