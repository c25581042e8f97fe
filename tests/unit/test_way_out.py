"""A run can always be left, in the direction that loses nothing, and what it has set aside is named and can be deleted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from omnimind_ops import cli
from omnimind_ops.cli import finish as finish_command
from omnimind_ops.cli import migrate as migrate_command
from omnimind_ops.cli import rollback as rollback_command
from omnimind_ops.flows import confirm, finish, receipt
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.receipt import parse
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render.run.summary import sections
from omnimind_ops.runner import lock
from omnimind_ops.steps import copy, host
from omnimind_ops.tools.markdown import receipt as markdown
from tests.migrated import IDS, VOLUME, Host, migrated, names

COMMANDS = (rollback_command, finish_command, migrate_command)


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits."""
    made = migrated(tmp_path, monkeypatch)
    for command in COMMANDS:
        monkeypatch.setattr(command, "paths", lambda: made.paths)
        monkeypatch.setattr(command, "require_root", lambda doing: None)
    return made


def omnimind(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["omnimind", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_the_old_redis_recreated_after_confirming_leaves_finish(stack: Host) -> None:
    """Rollback, migrate and finish were all refused."""
    run = confirm.confirm(stack.run, stack.journal, stack.paths)
    stack.double.remove(*names("redis"))
    stack.create("redis", "7" * 64, [("volume", "f" * 64, "/data")])
    stack.double.set(volumes=[VOLUME, "f" * 64])
    with pytest.raises(Problem) as refused:
        stack.rollback()
    assert "omnimind finish" in refused.value.fix and "--anyway" in refused.value.fix
    left = finish.leftovers(run, stack.paths)
    finish.finish(run, left, stack.journal, stack.paths, lambda event: None)
    assert stack.state is RunState.FINISHED
    assert [container["Id"] for container in stack.double.state["containers"]] == ["7" * 64], (
        "another's container is kept"
    )


def failing(monkeypatch: pytest.MonkeyPatch, handler: type, why: str) -> None:
    def undo(*_words: object) -> None:
        raise Problem("cannot move it", why, "give a folder on the same file system")

    monkeypatch.setattr(handler, "undo", undo)


def test_a_step_that_can_never_be_undone_is_left_with_anyway(stack: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The containers run again; only data that is nobody's source stays where it is."""
    failing(monkeypatch, copy.CopyStep, "Invalid cross-device link")
    for _ in range(2):
        with pytest.raises(Problem) as caught:
            stack.rollback()
        assert f"omnimind rollback --run {stack.run.id} --anyway" in caught.value.fix
        assert stack.state is RunState.FAILED
    assert stack.rollback(anyway=True) is RunState.ROLLED_BACK
    assert stack.double.running == names(*IDS)
    assert stack.journal.run(stack.run.id).record("final-qdrant").status is Status.HELD  # type: ignore[union-attr]
    texts = [entry.event.text for entry in stack.journal.events(stack.run.id)]
    assert any(text.startswith("left as it is: ") and "cross-device" in text for text in texts)


def test_anyway_tries_every_undo_first(stack: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, copy.CopyStep, "Invalid cross-device link")
    with pytest.raises(Problem):
        stack.rollback(anyway=True)
    assert stack.state is RunState.FAILED


def test_native_services_that_cannot_be_stopped_are_not_left(stack: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would run beside the containers."""
    failing(monkeypatch, host.HostStep, "systemctl stop timed out")
    for anyway in (False, True):
        with pytest.raises(Problem, match="cannot undo"):
            stack.rollback(anyway=anyway)
        assert stack.state is RunState.FAILED


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (RunState.RUNNING, "continue it: omnimind migrate"),
        (RunState.UNCONFIRMED, "confirm it first: omnimind confirm"),
        (RunState.ROLLING_BACK, "undo it: omnimind rollback"),
        (RunState.FAILED, "--anyway"),
    ],
)
def test_finish_says_what_is_possible_instead(stack: Host, state: RunState, advice: str) -> None:
    """It advised `omnimind confirm` for all of them, which refused too."""
    if state is RunState.FAILED:
        stack.journal.mark(stack.run.id, "activate-units", Status.UNDONE)
    stack.journal.state(stack.run.id, state)
    with pytest.raises(Problem, match="cannot finish") as refused:
        finish.leftovers(stack.journal.run(stack.run.id), stack.paths)
    assert advice in refused.value.fix


def parked_data(stack: Host, when: str) -> Path:
    """What a run has set aside of the native Qdrant."""
    folder = stack.paths.qdrant / ".omnimind-parked" / stack.run.id / f"storage.{when}"
    folder.mkdir(parents=True)
    (folder / "raft_state.json").write_text("{}")
    return folder


def test_a_rolled_back_run_names_what_it_parked_and_finish_deletes_only_that(
    stack: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    parked = parked_data(stack, "after")
    other = parked.parents[1] / "20260101-000000-migrate/storage.before"
    other.mkdir(parents=True)
    assert stack.rollback() is RunState.ROLLED_BACK
    assert receipt.read(stack.run.id, stack.paths)["set_aside"] == {str(parked): "written since the cutover"}
    before = stack.double.state["containers"]
    assert omnimind(monkeypatch, "finish", "--yes") == 0
    assert not parked.exists() and other.exists()
    assert (stack.state, stack.double.state["containers"]) == (RunState.ROLLED_BACK, before)


def test_the_summary_names_native_data_from_before(stack: Host) -> None:
    """A migration moved it aside without a word."""
    folder = parked_data(stack, "before")
    body = receipt.body(stack.run, stack.paths)
    assert body["set_aside"] == {str(folder): "native data from before"}
    shown = "\n".join(str(section) for section in sections(parse(body), full=False))
    assert f"{folder} (native data from before" in shown and str(folder) in markdown(parse(body))


def test_of_a_run_without_journal_and_copy_the_receipt_says_what_is_possible(
    stack: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an earlier version left it; "no migration was run on this host" was said."""
    confirm.confirm(stack.run, stack.journal, stack.paths)
    (stack.paths.receipts / stack.run.id / "run.json").unlink()
    stack.journal.close()
    stack.paths.journal.unlink()
    assert omnimind(monkeypatch, "rollback", "--yes") == ExitCode.PROBLEM
    result = " ".join(capsys.readouterr().err.split())
    assert "it was confirmed" in result and "omnimind down && docker start omnimind_qdrant_1" in result
    assert not stack.paths.journal.exists()


@pytest.mark.parametrize("words", [("rollback",), ("finish",)])
def test_the_lock_is_free_while_a_question_waits(
    stack: Host, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The timer, or another person, may need it; and what was answered is not done to a run that has changed."""
    command = {"rollback": rollback_command, "finish": finish_command}[words[0]]
    run = confirm.confirm(stack.run, stack.journal, stack.paths) if words[0] == "finish" else stack.run

    def meanwhile(question: str, skip: bool) -> None:
        assert not skip
        with lock.hold(stack.paths.lock, "ana", "rollback"):
            stack.journal.state(run.id, RunState.ROLLED_BACK)

    monkeypatch.setattr(command, "require_confirmation", meanwhile)
    assert omnimind(monkeypatch, *words) == ExitCode.PROBLEM
    assert (stack.state, stack.double.calls) == (RunState.ROLLED_BACK, ())


def test_an_answer_is_followed_where_nothing_changed(stack: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_command, "require_confirmation", lambda question, skip: None)
    assert omnimind(monkeypatch, "rollback") == 0
    assert stack.state is RunState.ROLLED_BACK
