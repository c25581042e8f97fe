"""A rollback says what came since the cutover, and a carry that was cut off is taken back before anything else."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops import cli
from omnimind_ops.cli import rollback as command
from omnimind_ops.flows import carry, confirm, finish, receipt, resume, rollback, since, unfinished
from omnimind_ops.model.carry import CarryFolderPayload, StartContainersPayload
from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.notes import FingerprintNotes
from omnimind_ops.model.plan import Plan, Step
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.since import Part, Since
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.steps import boot
from omnimind_ops.stores.files import carry as folders
from tests.migrated import Host, migrated


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits; both sides have a Qdrant folder."""
    made = migrated(tmp_path, monkeypatch)
    (made.bind / "segment").write_text("old")
    storage = tmp_path / "root/var/lib/qdrant/storage"
    storage.mkdir(parents=True)
    (storage / "segment").write_text("written natively")
    (storage / "came").write_text("came")
    return made


def confirmed(host: Host) -> Run:
    host.journal.state(host.run.id, RunState.CONFIRMED)
    return host.journal.run(host.run.id)


def cut_off(host: Host, state: RunState = RunState.RUNNING) -> Run:
    """A carry that was killed after it had changed the old folder."""
    storage, parked = host.paths.root / "var/lib/qdrant/storage", folders.parking(host.bind, "carry")
    payload = CarryFolderPayload(str(storage), str(host.bind), str(parked))
    plan = Plan("carry", (Step.of("carry-qdrant", payload, "carry", phase="carry"),))
    own = host.journal.create(plan, {"migration": host.run.id, "goal": host.run.setup["goal"]})
    host.journal.mark(own.id, "carry-qdrant", Status.DOING)
    host.journal.state(own.id, state)
    folders.carry(storage, host.bind, parked)
    assert (host.bind / "segment").read_text() == "written natively"
    return own


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.UNCONFIRMED, RunState.FAILED, RunState.ROLLING_BACK])
def test_a_rollback_takes_a_carry_that_was_cut_off_back_first(host: Host, state: RunState) -> None:
    own = cut_off(host, state)
    assert host.rollback() is RunState.ROLLED_BACK
    assert {path.name: path.read_text() for path in host.bind.iterdir()} == {"segment": "old"}
    assert host.journal.run(own.id).state is RunState.ROLLED_BACK


def test_a_carry_alone_can_be_taken_back(host: Host) -> None:
    """What the error of a failed undo advises: the migration stays as it is."""
    own, before = cut_off(host, RunState.FAILED), host.state
    rollback.rollback(own, host.journal, host.paths, lambda event: None).check()
    assert (host.bind / "segment").read_text() == "old"
    assert host.state is before


def test_native_services_are_not_started_beside_it(host: Host) -> None:
    own = cut_off(host)
    with pytest.raises(Problem, match="cannot start services: a rollback was cut off while it carried") as caught:
        unfinished.refuse_beside_migration(host.paths, Trigger.UP, "start services")
    assert "omnimind resume" in caught.value.fix and f"omnimind rollback --run {host.run.id}" in caught.value.fix
    assert "omnimind resume" in unfinished.note(host.paths)
    with pytest.raises(Problem, match=f"cannot confirm {host.run.id}"):
        confirm.confirm(host.run, host.journal, host.paths)
    with pytest.raises(Problem, match=f"cannot finish {host.run.id}"):
        finish.leftovers(host.run, host.paths)
    carry.take_back(own, host.journal, host.paths, lambda event: None)
    unfinished.refuse_beside_migration(host.paths, Trigger.UP, "start services")


def test_resume_takes_it_back_and_its_boot_unit_goes(host: Host) -> None:
    own = cut_off(host)
    run = confirmed(host)
    boot.arm(host.paths, run.id, Path("/usr/bin/omnimind"), lambda event: None, yes=True)
    assert resume.is_cut(run, host.journal)
    assert resume.resume(run, host.journal, host.paths, lambda event: None).check().state is RunState.CONFIRMED
    assert host.journal.run(own.id).state is RunState.ROLLED_BACK and not resume.is_cut(run, host.journal)
    assert (host.bind / "segment").read_text() == "old" and not boot.unit_path(host.paths).exists()


def test_without_docker_started_stores_are_not_left_beside_the_native_ones(host: Host) -> None:
    own = cut_off(host)
    plan = Plan("carry", (Step.of("start-old-stores", StartContainersPayload(("q" * 64,)), "start", phase="carry"),))
    started = host.journal.create(plan, dict(own.setup), id="started")
    host.journal.mark(started.id, "start-old-stores", Status.DOING)
    host.double.set(answers=False)
    with pytest.raises(Problem, match="no Docker engine answers") as caught:
        carry.take_back(host.journal.run(started.id), host.journal, host.paths, lambda event: None)
    assert caught.value.code is ExitCode.NO_WAY_BACK
    assert host.journal.run(started.id).state is RunState.RUNNING


def test_finish_lists_and_deletes_what_a_carry_has_parked(host: Host) -> None:
    own = cut_off(host, RunState.CONFIRMED)
    assert host.rollback() is RunState.ROLLED_BACK
    parked, run = folders.parking(host.bind, "carry"), host.journal.run(host.run.id)
    assert (parked / "segment").read_text() == "old"
    left = finish.leftovers(run, host.paths)
    assert parked in left.folders and own.state is not RunState.FINISHED
    finish.finish(run, left, host.journal, host.paths, lambda event: None)
    assert not list(host.bind.parent.glob("**/.omnimind-parked")) and (host.bind / "segment").exists()


def test_data_that_the_containers_use_is_not_taken_back(host: Host) -> None:
    own = cut_off(host, RunState.CONFIRMED)
    assert host.rollback() is RunState.ROLLED_BACK
    assert (host.bind / "segment").read_text() == "written natively"
    with pytest.raises(Problem, match="cannot take back"):
        carry.take_back(host.journal.run(own.id), host.journal, host.paths, lambda event: None)


def test_what_cannot_go_is_said_before_anything_stops(host: Host) -> None:
    (host.bind / "segment").unlink()
    host.bind.rmdir()
    with pytest.raises(Problem) as caught:
        carry.prepare(host.journal.run(host.run.id), (), host.paths, lambda event: None)
    assert caught.value.code is ExitCode.NO_WAY_BACK
    assert host.double.calls == ()


def test_a_part_can_be_left_behind(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "_no_folder", lambda route: "it is broken")
    run = host.journal.run(host.run.id)
    with pytest.raises(Problem, match="cannot carry all data back") as caught:
        carry.prepare(run, (), host.paths, lambda event: None)
    assert "qdrant: it is broken" in caught.value.why and f"omnimind rollback --run {run.id}`" in caught.value.fix
    assert not carry.prepare(run, (Part.QDRANT,), host.paths, lambda event: None).routes


def test_only_while_the_native_side_serves(host: Host) -> None:
    host.rollback()
    with pytest.raises(Problem, match="cannot carry data back"):
        carry.prepare(host.journal.run(host.run.id), (), host.paths, lambda event: None)


def test_the_plan_can_be_previewed(host: Host) -> None:
    prepared = carry.prepare(host.journal.run(host.run.id), (), host.paths, lambda event: None)
    previews = {preview.step: preview for preview in carry.preview(prepared, host.paths)}
    assert "1 files come, 1 change, 0 go to" in previews["carry-qdrant"].lines[1]
    assert list(previews) == [step.id for step in prepared.plan.steps]
    assert host.double.calls == () and (host.bind / "segment").read_text() == "old"


def fingerprint(sampled: str, **points: int) -> Fingerprint:
    counts = {"collections": len(points), **{f"points of {name}": count for name, count in points.items()}}
    return Fingerprint("qdrant", counts, {f"sampled points of {name}": sampled for name in points})


def test_points_are_counted_by_collection() -> None:
    before, now = fingerprint("a", kept=5, grew=2, gone=1), fingerprint("a", kept=5, grew=4, new=3, omnimind_health=1)
    assert {part.name: (part.came, part.vanished) for part in since.points(before, now)} == {
        "kept": (0, 0),
        "grew": (2, 0),
        "gone": (0, 1),
        "new": (3, 0),
    }
    assert [str(part) for part in since.points(fingerprint("a", kept=5), fingerprint("b", kept=5))] == [
        "qdrant kept: as many points, with other contents"
    ]


def test_a_fact_that_only_one_version_notes_is_no_difference() -> None:
    """0.2.0 sampled the points of small collections; today all are read, and earlier facts are noted besides."""
    before = fingerprint("a", kept=5)
    now = replace(before, digests={**before.digests, "every point of kept": "b", "settings of kept": "c"})
    assert [str(part) for part in since.points(before, now)] == ["qdrant kept: nothing"]
    later = replace(now, digests={**now.digests, "sampled points of kept": "d"})
    assert [part.differs for part in since.points(before, later)] == [True]
    without = replace(before, digests={"every point of kept": "b"})
    assert [part.differs for part in since.points(before, without)] == [False]


def test_what_cannot_be_counted_does_not_stop_a_rollback_and_is_in_its_receipt(host: Host) -> None:
    host.journal.memo(host.run.id, "read-qdrant", FingerprintNotes).write(FingerprintNotes(fingerprint("a", kept=5)))
    run = host.journal.run(host.run.id)
    found = since.since(run, host.paths)
    assert {part.part for part in found if part.unknown} == {Part.QDRANT, Part.POSTGRESQL}
    came = since.as_json((*found, Since(Part.UPLOADS, "files", "/uploads", 1, 2, 0)))
    receipt.keep_beside(run, "since", came, host.paths, lambda event: None)
    assert "since" not in receipt.read(receipt.write(run, host.paths).parent.name, host.paths)
    host.rollback()
    texts = [part["text"] for part in receipt.read(run.id, host.paths)["since"]]  # type: ignore[index,union-attr,call-overload]
    assert "uploads /uploads: 1 file came, 2 files vanished" in texts
    assert "uploads /uploads: 1 file came" in (host.paths.receipts / run.id / "receipt.md").read_text()
    json.dumps(texts)


def results(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> dict[str, Any]:
    """The command's JSON results by their text."""
    monkeypatch.setattr(command, "paths", lambda: host.paths)
    monkeypatch.setattr(command, "require_root", lambda doing: None)
    monkeypatch.setattr(sys, "argv", ["omnimind", "rollback", "--json", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert not caught.value.code
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return {line["text"]: line["data"] for line in lines if line["kind"] == "result"}


def test_a_dry_run_shows_what_came_and_the_way_and_changes_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = results(host, monkeypatch, capsys, "--with-data", "--dry-run")
    assert "postgresql" in {part["part"] for part in found["since the cutover"]["since"]}
    assert "carry-qdrant" in [step["id"] for step in found["plan"]["steps"]]
    assert host.double.calls == () and host.state is RunState.UNCONFIRMED
    assert not (host.paths.receipts / host.run.id / "since.json").exists()


def test_the_command_says_what_it_leaves_behind(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = results(host, monkeypatch, capsys, "--yes")
    assert found["receipt"]["since"] == found["since the cutover"]["since"] != []
    assert host.state is RunState.ROLLED_BACK
