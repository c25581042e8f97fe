"""The speed before and after is in the receipt, and whatever goes wrong while it is measured, the migration goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.flows import receipt
from omnimind_ops.flows.bench import before_and_after
from omnimind_ops.model.event import Event
from omnimind_ops.model.plan import Plan, Step, Undo
from omnimind_ops.model.receipt import parse
from omnimind_ops.model.receipt import receipt as made_of
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.paths import Paths
from omnimind_ops.render.run.tables import speed_table
from omnimind_ops.tools.markdown import receipt as markdown
from tests.unit.test_bench_document import made

STEP = Step(id="one", kind="host", title="One", phase="install", undo=Undo.YES, args={})
RUN = Run(
    "r1",
    Plan("migrate", (STEP,)),
    RunState.RUNNING,
    {"project": "none such"},
    "2026-11-25T12:00:00+00:00",
    None,
    (StepRecord(STEP, Status.TODO),),
)


def test_both_are_in_the_receipt_and_its_digest_covers_them(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    folder = paths.receipts / "r1"
    folder.mkdir(parents=True)
    for name in ("before", "after"):
        (folder / f"bench-{name}.json").write_text(json.dumps(made(name=name)))
    receipt.write(RUN, paths)
    body = receipt.read("r1", paths)
    bench = body["bench"]
    assert isinstance(bench, dict)
    assert list(bench) == ["before", "after"]
    assert {claim: holds for claim, holds, _ in receipt.verify(body, RUN)}["receipt unchanged"]
    forged = {**body, "bench": {"before": bench["before"], "after": {**bench["after"], "texts_per_s": 9999}}}
    assert not receipt.verify(forged, RUN)[0][1]
    text = (folder / "receipt.md").read_text()
    assert "## Speed" in text and "| after | POST /embed and GET /search | cpu | 383.1 |" in text
    assert speed_table(bench).row_count == 2


def test_a_receipt_without_a_measurement_says_nothing_of_speed(tmp_path: Path) -> None:
    body = made_of(RUN, before_and_after.read("r1", Paths(tmp_path)))
    assert body["bench"] == {}
    assert "Speed" not in markdown(parse(body))


def test_only_a_run_of_which_no_step_was_begun_can_be_measured_before() -> None:
    assert before_and_after.is_fresh(RUN)
    assert not before_and_after.is_fresh(replace(RUN, steps=(StepRecord(STEP, Status.DOING),)))


def test_a_measurement_that_cannot_be_made_is_a_line_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a Docker engine nor a native system is to be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    results: list[Event] = []
    before_and_after.measure_before(RUN, Paths(tmp_path), results.append)
    before_and_after.measure_after(RUN, Paths(tmp_path), results.append)
    assert ["was not measured" in event.text for event in results] == [False, True, False, True]
    assert before_and_after.read("r1", Paths(tmp_path)) == {}
