"""The table of states, walked: every cell marked M, with a real journal; and from every situation a way out to whole."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.plan import Undo
from omnimind_ops.planning.run_cells import WALKED, WHOLE, Trigger
from omnimind_ops.planning.run_commands import COMMANDS
from omnimind_ops.planning.run_table import TABLE, cell, way_out
from omnimind_ops.planning.situation import Situation
from omnimind_ops.runner import copies, lock
from omnimind_ops.runner.journal import Journal
from tests.states.model import MIGRATE, Model, Said, install, reach, restore, save
from tests.states.shown import ON_HOSTS

ROOT = Path(__file__).resolve().parents[2]
CELLS = [(situation, trigger) for situation in Situation for trigger in Trigger]
WALKS = [(situation, trigger) for situation, trigger in CELLS if cell(trigger, situation).proof == WALKED]
OLD_SERVES = frozenset(Situation) - {
    *(Situation.CUTOVER, Situation.ARRIVING, Situation.RETURNING),
    *(Situation.UNCONFIRMED, Situation.CONFIRMED, Situation.CARRYING, Situation.LOST, Situation.FINISHED),
}
"""Where a person who creates the containers again starts them too."""
SIDE = {
    Situation.NONE: "old",
    Situation.ROLLED_BACK: "old",
    Situation.CONFIRMED: "native",
    Situation.FINISHED: "native",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """The host, at first without anything."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield install(tmp_path_factory.mktemp("model"), monkeypatch)


@pytest.fixture(scope="module")
def places(model: Model, tmp_path_factory: pytest.TempPathFactory) -> dict[Situation, Path]:
    """Every situation, reached once and kept."""
    kept = {}
    for wanted in Situation:
        fresh, kept[wanted] = tmp_path_factory.mktemp("fresh"), tmp_path_factory.mktemp(wanted.name)
        (fresh / "root").mkdir()
        (fresh / "engine.json").write_text('{"answers": true, "containers": [], "volumes": [], "calls": []}')
        restore(model, fresh)
        reach(model, wanted)
        expected = Situation.WARM if wanted is Situation.AT_WORK else wanted
        assert model.situation is expected, f"reached {model.situation} instead of {wanted}"
        save(model, kept[wanted])
    return kept


def test_every_situation_has_every_cell() -> None:
    assert {(situation, trigger) for trigger, column in TABLE.items() for situation in column} == set(CELLS)


def test_cells_that_a_host_shows_name_a_test_that_exists() -> None:
    named = {cell(trigger, situation).proof for situation, trigger in CELLS} | set(ON_HOSTS.values())
    named -= {WALKED}
    assert named and all((ROOT / name).is_file() for name in named)


def test_each_situation_command_and_event_is_shown_on_a_host_once() -> None:
    shown = {*ON_HOSTS, *(found for found in CELLS if cell(found[1], found[0]).proof != WALKED)}
    assert {situation for situation, _ in shown} == set(Situation)
    assert {trigger for _, trigger in shown} == set(Trigger)


@pytest.mark.parametrize("situation", Situation)
def test_from_every_situation_commands_lead_to_a_whole_side(situation: Situation) -> None:
    assert way_out(situation) is not None


@pytest.mark.parametrize("situation", Situation)
def test_the_way_out_is_walked(model: Model, places: dict[Situation, Path], situation: Situation) -> None:
    restore(model, places[situation])
    end = leave(model)
    assert model.serves == {SIDE[end]}


def test_killed_at_any_step_and_rebooted(model: Model, places: dict[Situation, Path]) -> None:
    """On the way there: nothing is left half, whatever the step; and no boot is needed where the containers serve."""
    assert model.run is not None
    for record in model.run.steps:
        restore(model, places[Situation.POSTPONED if record.step.phase == "cutover" else Situation.WARM])
        if f"{record.step.id}:do" not in steps_to_do(model):
            continue
        model.killed(f"{record.step.id}:do", *MIGRATE, "--yes")
        model.reboot()
        assert model.situation in {*WHOLE, Situation.WARM}, record.step.id
        assert model.serves == {"old" if model.situation in OLD_SERVES else "native"}, record.step.id


def test_killed_at_any_undo_and_rebooted(model: Model, places: dict[Situation, Path]) -> None:
    """On the way back."""
    restore(model, places[Situation.CONFIRMED])
    assert model.run is not None
    steps = [record.step.id for record in model.run.steps if record.step.undo is not Undo.NO]
    for step in steps:
        restore(model, places[Situation.CONFIRMED])
        model.killed(f"{step}:undo", "rollback", "--yes")
        assert model.situation is Situation.RETURNING
        model.reboot()
        assert (model.situation, model.serves) == (Situation.ROLLED_BACK, {"old"}), step


@pytest.mark.parametrize(("situation", "trigger"), WALKS, ids=[f"{s.name}-{t.name}" for s, t in WALKS])
def test_a_cell_is_what_happens(
    model: Model, places: dict[Situation, Path], situation: Situation, trigger: Trigger
) -> None:
    """And afterwards, once the cause is gone, the way out ends with one side whole."""
    restore(model, places[situation])
    expected, before = cell(trigger, situation), model.run
    with pytest.MonkeyPatch.context() as monkeypatch:
        said = occur(model, situation, trigger, monkeypatch)
    after = Situation.AT_WORK if trigger in COMMANDS and situation is Situation.AT_WORK else model.situation
    assert after is expected.then, said
    if expected.code is not None:
        assert said is not None and said.code == expected.code, said
    if expected.refused:
        assert said is not None and "cannot" in said.text, said
        assert model.run == before or situation is Situation.NONE
    mend(model)
    if model.run != before:  # else it is what test_the_way_out_is_walked begins with
        end = leave(model)
        assert model.serves == {SIDE[end]}, (end, model.rim.double.state["containers"], model.rim.native)


def steps_to_do(model: Model) -> set[str]:
    """The steps that a run has not begun."""
    return {f"{record.step.id}:do" for record in model.run.steps if record.status == "todo"} if model.run else set()


def occur(model: Model, situation: Situation, trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> Said | None:
    """Let a column happen; return what the command said, if there is one."""
    expected = cell(trigger, situation)
    is_at_work = situation is Situation.AT_WORK
    if trigger in COMMANDS:
        with ExitStack() as stack:
            if is_at_work:
                stack.enter_context(lock.hold(model.paths.lock, "ana", "migrate"))
            return model.run_trigger(trigger)
    if trigger is Trigger.REBOOT:
        model.reboot()
    if expected.by is None:
        return None

    def happens() -> None:
        condition(model, trigger, monkeypatch)

    if is_at_work:
        model.rim.at, model.rim.happens = "final-qdrant:do", happens
    else:
        happens()
    return model.run_trigger(expected.by)


def condition(model: Model, trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an event changes of the host."""
    if trigger is Trigger.NO_DOCKER:
        model.rim.double.set(answers=False)
    if trigger is Trigger.GONE:
        model.rim.double.set(containers=[])
    if trigger is Trigger.RECREATED:
        model.recreate(start=model.situation in OLD_SERVES)
    if trigger is Trigger.DISK_FULL:
        fill_disk(model, monkeypatch)


def fill_disk(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """No step gets on, no file can be written, and the journal only with its reserve."""
    reserve, commit = model.paths.state / "journal.db-reserve", Journal._commit
    steps = [record.step.id for record in model.run.steps if record.status == "todo"] if model.run else []
    model.rim.full_at = f"{'final-qdrant' if 'final-qdrant' in steps else 'activate-units'}:do"

    write_text = Path.write_text

    def full(*_words: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write_or_full(path: Path, text: str, *words: Any, **more: Any) -> int:
        if path.is_relative_to(model.paths.root):
            full()
        return write_text(path, text, *words, **more)

    def commit_or_full(journal: Journal) -> None:
        if reserve.exists():
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        commit(journal)

    monkeypatch.setattr(Journal, "_commit", commit_or_full)
    monkeypatch.setattr(Path, "write_text", write_or_full)
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(copies.json, "dump", full)


def mend(model: Model) -> None:
    """What a person does about the cause: start Docker, create the containers again, free the disk."""
    model.rim.double.set(answers=True)
    model.rim.full_at = ""
    if not model.rim.double.state["containers"] and model.situation is not Situation.FINISHED:
        model.recreate(start=model.situation in OLD_SERVES)


def leave(model: Model) -> Situation:
    """Follow the way out of the table; return where it ends."""
    for _ in range(4):
        if (found := model.situation) in WHOLE:
            break
        way = way_out(found)
        assert way is not None
        said = model.run_trigger(way[0])
        assert said.code in (0, 3), said
    assert found in WHOLE
    return found
