"""Dataclasses as JSON: what is written is read back equal, and all else is refused by the name of its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from omnimind_ops.model import codec
from omnimind_ops.model.codec import INLINE, key
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import Payload
from omnimind_ops.model.plan import Plan, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.runner.journal import Journal


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    low: int
    any: JSON


@dataclass(frozen=True)
class Outer(Payload):
    kind = "outer"
    name: str
    colour: Colour
    share: float
    sure: bool
    pairs: tuple[tuple[str, int], ...]
    inner: Mapping[str, Inner]
    known: str | None  # null when None
    maybe: int | None = None  # not written when None
    spread: Inner | None = field(default=None, metadata=INLINE)
    second: str = field(default="x", metadata=key("second name"))


WHOLE = Outer("n", Colour.RED, 0.5, True, (("a", 1),), {"i": Inner(1, {"x": [None]})}, None, 3, Inner(2, []), "y")
SHORT = Outer("n", Colour.RED, 2.0, False, (), {}, "k")


def members(value: Outer) -> dict[str, JSON]:
    """A dataclass as the journal gives it back."""
    data: dict[str, JSON] = json.loads(json.dumps(codec.write(value)))
    return data


@pytest.mark.parametrize("value", [WHOLE, SHORT])
def test_what_is_written_is_read_back_equal(value: Outer) -> None:
    assert codec.read(Outer, members(value), "it") == value


def test_keys_stand_in_the_order_of_the_fields() -> None:
    short = ["name", "colour", "share", "sure", "pairs", "inner", "known"]
    assert list(members(SHORT)) == [*short, "second name"]
    assert list(members(WHOLE)) == [*short, "maybe", "low", "any", "second name"]


def test_what_has_a_default_may_be_missing() -> None:
    rest = {name: value for name, value in members(SHORT).items() if name != "second name"}
    assert codec.read(Outer, rest, "it") == SHORT


def test_a_whole_number_is_a_number_with_a_fraction_too() -> None:
    assert codec.read(Outer, {**members(SHORT), "share": 2}, "it") == SHORT


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": 1}, "name is 1, not str"),
        ({"name": None}, "name is None, not str"),
        ({"colour": "green"}, "colour is 'green', not Colour"),
        ({"share": True}, "share is True, not float"),
        ({"sure": 1}, "sure is 1, not bool"),
        ({"maybe": True}, "maybe is True, not int"),
        ({"pairs": "ab"}, "pairs is 'ab', not a list"),
        ({"pairs": [["a", 1, 2]]}, r"pairs\[0\] has 3 items, not 2"),
        ({"pairs": [["a", "b"]]}, r"pairs\[0\]\[1\] is 'b', not int"),
        ({"inner": []}, r"inner is \[\], not a mapping"),
        ({"inner": {"i": {"low": 1}}}, "inner.i.any is missing"),
        ({"low": 1}, "any is missing"),
        ({"extra": 1}, "extra is unknown"),
    ],
)
def test_what_is_not_so_is_refused_with_kind_and_key(wrong: Mapping[str, JSON], why: str) -> None:
    step = Step("s", "outer", "", {**members(SHORT), **wrong})
    with pytest.raises(Problem, match=f"^cannot read the journal: step s of kind outer: {why}$"):
        step.payload(Outer)


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(Problem, match="step s of kind outer: name is missing"):
        Step("s", "outer", "", {}).payload(Outer)


@dataclass(frozen=True)
class Noted:
    before: int | None = None
    after: bool | None = None


def test_a_note_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        run = journal.create(Plan("p", (Step("s", "k", "t"),)), {})
        for memo in (journal.memo(run.id, "s", Noted), Memo(MemoryNotes(), "s", Noted)):
            memo.write(Noted(before=1))
            memo.write(Noted(after=False))
            assert memo.read() == memo.of("s", Noted) == Noted(1, False)
            assert memo.of("other", Noted) == Noted()


def test_notes_of_another_kind_are_refused() -> None:
    memo = Memo(MemoryNotes({"s": {"before": "x"}}), "s", Noted)
    with pytest.raises(Problem, match="cannot read the journal: Noted of step s: before is 'x', not int"):
        memo.read()
