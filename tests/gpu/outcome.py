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
    width = max(len(item.name) for item in outcomes)
    return "\n".join(f"{outcome.state:8}{outcome.name:{width + 2}}{outcome.detail}" for outcome in outcomes)


def markdown(outcomes: Sequence[Outcome], title: str) -> str:
    """A section for docs/measurements.md."""
    rows = [f"| {outcome.name} | {outcome.state} | {outcome.detail.replace('|', '/')} |" for outcome in outcomes]
    return "\n".join([f"### {title}", "", "| check | result | what was seen |", "| --- | --- | --- |", *rows, ""])
