"""A run is ended by the code that began it: found wherever it is kept, told how to get where it is not."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from omnimind_ops import __version__, open_migrations, origin
from omnimind_ops.cli.handover import MARK, hand_over
from omnimind_ops.flows import handover
from omnimind_ops.model.code import Code, started_by
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Plan
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from tests.hosts.installer import checkout

OLD = "0.1.9"


@pytest.fixture(scope="module")
def old_wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A wheel of this code under an older version, and its digest."""
    with checkout(OLD) as copy:
        return origin.wheel(tmp_path_factory.mktemp("wheel"), copy), origin.digest(copy)


def environment(folder: Path, wheel: Path) -> Path:
    """An environment that holds a wheel; its command."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "lib/python3.11/site-packages")
    (folder / "bin").mkdir()
    (folder / "bin/omnimind").touch()
    (folder / ".complete").touch()
    return folder / "bin/omnimind"


def begun(root: Path, setup: Mapping[str, JSON], state: RunState = RunState.POSTPONED) -> Run:
    """A migration in the journal below root."""
    with Journal(Paths(root).journal) as journal:
        run = journal.create(Plan("migrate", ()), setup)
        journal.state(run.id, state)
        return journal.run(run.id)


def by_old(digest: str, program: str = "/gone/bin/omnimind") -> dict[str, JSON]:
    return {"code": {"version": OLD, "digest": digest, "program": program, "root": "/gone"}}


def test_a_run_notes_the_code_that_begins_it(tmp_path: Path) -> None:
    run = begun(tmp_path, {"code": handover.as_setup()})
    assert started_by(run) == Code(
        __version__, origin.digest(), str(Path(sys.executable).with_name("omnimind")), str(origin.ROOT)
    )
    assert handover.is_ours(run)


def test_the_same_version_with_other_code_is_not_ours(tmp_path: Path) -> None:
    assert not handover.is_ours(begun(tmp_path, {"code": {"version": __version__, "digest": "0" * 64}}))


def test_a_run_of_the_time_before_is_known_by_its_version(tmp_path: Path, old_wheel: tuple[Path, str]) -> None:
    run = begun(tmp_path, {"goal": {"version": OLD}})
    assert not handover.is_ours(run)
    program = environment(tmp_path / "opt/omnimind/venvs/0123456789abcdef", old_wheel[0])
    assert handover.command_of(run, Paths(tmp_path)) == program


@pytest.mark.parametrize("place", ["opt/omnimind/cli/anything", "opt/omnimind/venvs/0123456789abcdef", "srv/own"])
def test_its_environment_is_found_by_what_it_holds(tmp_path: Path, old_wheel: tuple[Path, str], place: str) -> None:
    wheel, digest = old_wheel
    program = environment(tmp_path / place, wheel)
    setup: dict[str, JSON] = {
        "code": {
            "version": OLD,
            "digest": digest,
            "program": str(program),
            "root": str(next(program.parents[1].glob("lib/*/site-packages"))),
        }
    }
    assert (
        handover.command_of(begun(tmp_path, setup if place.startswith("srv") else by_old(digest)), Paths(tmp_path))
        == program
    )


def test_an_environment_that_was_changed_meanwhile_is_not_taken_for_it(
    tmp_path: Path, old_wheel: tuple[Path, str]
) -> None:
    wheel, digest = old_wheel
    folder = tmp_path / "opt/omnimind/venvs/0123456789abcdef"
    environment(folder, wheel)
    (folder / "lib/python3.11/site-packages/omnimind_ops/worker.py").write_text("")
    with pytest.raises(Problem) as caught:
        handover.command_of(begun(tmp_path, by_old(digest)), Paths(tmp_path))
    assert re.search(
        rf"sh install\.sh omnimind_ops-{OLD}-….whl\) and run the same command; or .*--take-over", caught.value.fix
    )


def test_a_half_made_environment_is_none(tmp_path: Path, old_wheel: tuple[Path, str]) -> None:
    wheel, digest = old_wheel
    folder = tmp_path / f"opt/omnimind/cli/{OLD}-{digest[:12]}-3.11"
    environment(folder, wheel)
    (folder / ".complete").unlink()
    with pytest.raises(Problem, match="cannot continue run"):
        handover.command_of(begun(tmp_path, by_old(digest)), Paths(tmp_path))


def test_the_same_words_go_to_the_version_that_began_it(
    tmp_path: Path, old_wheel: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel, digest = old_wheel
    program = environment(tmp_path / f"opt/omnimind/cli/{OLD}-{digest[:12]}-3.11", wheel)
    calls: list[tuple[Path, list[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(sys, "argv", ["omnimind", "rollback", "--yes"])
    run = begun(tmp_path, by_old(digest))
    hand_over(run, Paths(tmp_path), handover.ENDED, take_over=False)
    ((called, text, variables),) = calls
    assert (called, text, variables[MARK]) == (program, [str(program), "rollback", "--yes"], run.id)
    captured = capsys.readouterr()
    assert captured.out == "" and OLD in captured.err

    monkeypatch.setenv(MARK, run.id)
    with pytest.raises(Problem, match="no longer the code"):
        hand_over(run, Paths(tmp_path), handover.ENDED, take_over=False)
    hand_over(run, Paths(tmp_path), handover.ENDED, take_over=True)
    assert len(calls) == 1


@pytest.mark.parametrize("state", [RunState.ROLLED_BACK, RunState.FINISHED])
def test_a_run_that_has_ended_is_nobodys(tmp_path: Path, state: RunState) -> None:
    run = begun(tmp_path, by_old("0" * 64), state)
    hand_over(run, Paths(tmp_path), handover.ENDED, take_over=False)
    assert list(handover.open_migrations(History(Paths(tmp_path).journal), Paths(tmp_path))) == []


def test_install_sh_is_told_what_open_runs_need(
    tmp_path: Path, old_wheel: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel, digest = old_wheel
    folder = environment(tmp_path / f"opt/omnimind/cli/{OLD}-{digest[:12]}-3.11", wheel).parents[1]
    monkeypatch.setattr(open_migrations, "Paths", lambda: Paths(tmp_path))
    assert (open_migrations.main(), capsys.readouterr().out) == (0, "")
    run = begun(tmp_path, by_old(digest), RunState.ROLLING_BACK)
    assert (open_migrations.main(), capsys.readouterr().out) == (0, f"{run.id} rolling-back {folder}\n")
    Paths(tmp_path).journal.write_bytes(b"no database, but long enough to be looked at as one" * 20)
    assert open_migrations.main() == 1
