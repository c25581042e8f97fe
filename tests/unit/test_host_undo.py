"""What the undo of a host's steps takes back: packages' guards where packages were installed, nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import HostNotes
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.planning.migration import ROLES, host_step
from omnimind_ops.steps import host, units
from omnimind_ops.steps.host import HostStep
from omnimind_ops.tools.shell import Completed


@pytest.mark.parametrize("stage", ["install", "configure"])
def test_guards_are_lifted_by_the_step_that_set_them_and_by_no_other(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    lifted: list[str] = []
    for role in ROLES:
        monkeypatch.setattr(host, "allow_service_starts", lambda role=role: lifted.append(role))
        cut_off = Memo(MemoryNotes(), f"{stage}-{role}", HostNotes)
        HostStep(Goal()).undo(Task.of(host_step(role, stage), HostPayload), cut_off, lambda _: None)
    assert lifted == (["packages"] if stage == "install" else [])


def test_all_that_we_brought_is_stopped_and_what_was_here_before_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record, policy, stopped = tmp_path / "packages", tmp_path / "policy-rc.d", list[str]()
    monkeypatch.setattr(units, "RECORD", record)
    monkeypatch.setattr(units, "POLICY", policy)

    def stop(names: Iterable[str]) -> None:
        stopped.extend(names)

    monkeypatch.setattr(units, "stop_and_disable", stop)
    policy.write_text("#!/bin/sh\n# omnimind: nothing starts\nexit 101\n")
    record.write_text("redis-server\nredis-tools\n")
    units.allow_service_starts()
    assert stopped == [native.REDIS] and not policy.exists()
    record.write_text("postgresql\nredis-server\nredis-tools\n")
    units.allow_service_starts()
    assert stopped == [native.REDIS, native.POSTGRES, native.REDIS]


@pytest.mark.parametrize(
    ("installed", "guarded", "audit", "ends"),
    [
        (True, False, "", False),
        (True, False, "The following packages are only half configured", True),
        (True, True, "", True),
        (False, True, "The following packages are only half configured", False),
    ],
    ids=["whole", "half configured", "apt may still be at it", "not ours"],
)
def test_an_installation_of_ours_that_was_cut_is_ended_under_the_guard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, installed: bool, guarded: bool, audit: str, ends: bool
) -> None:
    record, policy, scripts = tmp_path / "packages", tmp_path / "policy-rc.d", list[str]()
    monkeypatch.setattr(units, "RECORD", record)
    monkeypatch.setattr(units, "POLICY", policy)
    monkeypatch.setattr(units, "UPDATES", tmp_path)
    if installed:
        record.write_text("postgresql\n")
    if guarded:
        policy.write_text("#!/bin/sh\n# omnimind: nothing starts\nexit 101\n")

    def run(words: tuple[str, ...], **_: object) -> Completed:
        if words[0] == "sh":
            scripts.append(words[-1])
        return Completed(words, 0, audit if words[0] == "dpkg" else "", "")

    monkeypatch.setattr(units, "run", run)
    assert units.end_cut_installation() is ends
    assert len(scripts) == ends
    if ends:
        order = [scripts[0].index(text) for text in ("exit 101", "rm -rf", "--configure -a")]
        assert order == sorted(order) and "apt install" not in scripts[0]
