"""The form of a campaign: the same seed makes the same trials, what was made is never made again, and the row says what
was found.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaigns import __main__ as command
from tests.campaigns import record, state
from tests.campaigns.result import BROKEN, Campaign, Result, tally
from tests.campaigns.runner import trials

MADE: list[float] = []


def trial(chance: random.Random) -> Result:
    number = chance.random()
    MADE.append(number)
    if number > 0.9:
        raise ZeroDivisionError("high")
    return Result("low", number < 0.1, f"{number:.3f}")


@contextmanager
def opened() -> Iterator[object]:
    yield trial


DICE = Campaign("dice", "throws dice", opened, (0, 1))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for the state, a document to write to, and only this campaign."""
    MADE.clear()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(command, "EVERY", {"dice": DICE})
    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(record, "FILE", tmp_path / "measurements.md")
    monkeypatch.setattr(record, "commit", lambda: "abc")
    monkeypatch.setattr(record.keep, "__defaults__", (tmp_path / "measurements.md",))
    (tmp_path / "measurements.md").write_text("# Measurements\n")
    return tmp_path


def test_the_same_seed_makes_the_same_trials_each_by_itself() -> None:
    every = dict(trials(DICE, 7, range(20)))
    assert dict(trials(DICE, 7, [13])) == {13: every[13]}
    assert dict(trials(DICE, 8, range(20))) != every


def test_a_trial_that_breaks_is_a_bad_result_and_the_others_are_made() -> None:
    results = [result for _, result in trials(DICE, 7, range(100))]
    broken = [item for item in results if item.kind == BROKEN]
    assert broken and all(entry.bad and "ZeroDivisionError: high" in entry.detail for entry in broken)
    assert len(results) == 100


def test_resumed_it_makes_only_what_is_missing(home: Path) -> None:
    command.main(["dice", "--seed", "7", "--count", "5"])
    command.main(["dice", "--seed", "7", "--count", "12", "--resume"])
    assert len(MADE) == 12
    rows = [line for line in (home / "measurements.md").read_text().splitlines() if "| dice |" in line]
    assert [row.split("|")[5].strip() for row in rows] == ["5", "12"]
    assert "| abc | 7 |" in rows[0]
    assert command.main(["dice", "--seed", "7", "--count", "12", "--resume"]) == 2


def test_what_was_begun_is_not_begun_anew_and_not_gone_on_with_under_another_commit(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.main(["dice", "--seed", "7", "--count", "5"])
    with pytest.raises(SystemExit, match="--resume goes on with them"):
        command.main(["dice", "--seed", "7", "--count", "5"])
    monkeypatch.setattr(record, "commit", lambda: "other")
    with pytest.raises(SystemExit, match="begun with commit abc, this is other"):
        command.main(["dice", "--seed", "7", "--count", "6", "--resume"])


def test_a_line_that_was_cut_is_made_again(home: Path) -> None:
    command.main(["dice", "--seed", "7", "--count", "5"])
    file = state.place("dice", 7)
    file.write_bytes(file.read_bytes()[:-9])
    command.main(["dice", "--seed", "7", "--count", "5", "--resume"])
    assert len(MADE) == 6
    numbers = [json.loads(line)["number"] for line in file.read_text().splitlines()[1:] if line.endswith("}")]
    assert sorted(numbers) == [0, 1, 2, 3, 4]


def test_exit_code_and_row_say_whether_anything_bad_was_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["dice", "--seed", "7", "--count", "100"]) == 1
    bad = tally(result for _, result in trials(DICE, 7, range(100))).bad
    assert f"**{bad} bad**" in (home / "measurements.md").read_text()
    assert capsys.readouterr().out.count(": BAD ") == bad


def test_a_sample_passes_over_known_kinds_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    low = next(number for number, result in trials(DICE, 1, range(100)) if result.bad and result.kind == "low")
    broken = next(number for number, result in trials(DICE, 1, range(100)) if result.kind == BROKEN)
    for sample, known, code in (
        ((low,), {}, 1),
        ((low,), {"low": "a die has low sides"}, 0),
        ((low, broken), {"low": "a die has low sides"}, 1),
    ):
        monkeypatch.setattr(command, "EVERY", {"dice": replace(DICE, sample=sample, known=known)})
        assert command.main(["dice", "--sample"]) == code


def test_rows_stay_together_in_their_own_table() -> None:
    text = record.append("# Measurements\n\nfirst\n", "| 1 |\n")
    text = record.append(text + "\n## 2026 · something else\n\n| a |\n", "| 2 |\n")
    assert "| 1 |\n| 2 |\n\n## 2026 · something else\n\n| a |\n" in text
    assert text.startswith("# Measurements\n\nfirst\n")


def test_commit_tells_of_changes_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b")
    (tmp_path / "file").write_text("a")
    for text in (("init", "-q"), ("add", "."), ("commit", "-qm", "a")):
        subprocess.run((*git, *text), check=True)
    clean = record.commit(tmp_path)
    assert len(clean) == 10
    (tmp_path / "file").write_text("b")
    assert record.commit(tmp_path) == f"{clean}+"
