"""What a check found, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """`state` is ok, failed or skipped; `detail` says what was seen, or why it was not looked at; `numbers` go into the
    JSON line.
    """

    name: str
    state: str
    detail: str
    numbers: dict[str, object] = field(default_factory=dict)


class Skipped(Exception):
    """A check that cannot run here; the words say why."""


def table(outcomes: Sequence[Outcome]) -> str:
    """Plain text, one line a check."""
    width = max(len(one.name) for one in outcomes)
    return "\n".join(f"{one.state:8}{one.name:{width + 2}}{one.detail}" for one in outcomes)


def markdown(outcomes: Sequence[Outcome], title: str) -> str:
    """A section for docs/measurements.md."""
    rows = [f"| {one.name} | {one.state} | {one.detail.replace('|', '/')} |" for one in outcomes]
    return "\n".join([f"### {title}", "", "| check | result | what was seen |", "| --- | --- | --- |", *rows, ""])
