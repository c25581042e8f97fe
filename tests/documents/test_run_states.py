"""docs/run-states.md is the table of states."""

from __future__ import annotations

from tests.house.states import FILE, page


def test_the_page_is_printed_from_the_table() -> None:
    assert FILE.read_text() == page(), "print it again: python -m tests.house.states"
