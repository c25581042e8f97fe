"""The units of the page during a cutover: systemd itself makes them give up their ports in time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from omnimind_ops.flows import migrate as flow
from omnimind_ops.model.event import Event
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.payloads import Act, MaintenancePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.model.status import Status
from omnimind_ops.paths import Paths
from omnimind_ops.planning.migration import migrate
from omnimind_ops.planning.source import Source
from omnimind_ops.runner.journal import Journal
from omnimind_ops.steps import maintenance
from omnimind_ops.steps.maintenance import MaintenanceStep

PAGES = (("0.0.0.0", 3000), ("0.0.0.0", 8000), ("::", 8000))
SOURCE = Source("p", ("b", "q"), ("b",), ("q",), (3000, 6333, 8000), (), None, None, pages=PAGES)
RIM = '#!/bin/sh\necho "$*" >> {calls}\n[ "$1" != is-active ] || [ -n "$NATIVE" ]\n'


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemctl was called with."""
    rim, calls = tmp_path / "rim", tmp_path / "calls"
    rim.mkdir()
    calls.touch()
    (rim / "systemctl").write_text(RIM.format(calls=calls))
    (rim / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{rim}:{os.environ['PATH']}")
    return calls


@pytest.fixture
def step(tmp_path: Path) -> MaintenanceStep:
    return MaintenanceStep(Goal(), Paths(tmp_path / "root"))


TASK, MEMO = Task("show-page", MaintenancePayload(PAGES)), Memo(MemoryNotes(), "show-page", NoNotes)


def test_each_port_has_a_unit_that_systemd_stops_before_the_native_socket(calls: Path, step: MaintenanceStep) -> None:
    assert step.do(TASK, MEMO, lambda event: None)
    files = {file.name: file.read_text() for file in maintenance.folder(step.paths).iterdir()}
    backend, frontend = files["omnimind-maintenance-8000.service"], files["omnimind-maintenance-3000.service"]
    assert "Conflicts=omnimind-8000.socket\nBefore=omnimind-8000.socket\n" in backend
    assert "Conflicts=omnimind-frontend.socket\nBefore=omnimind-frontend.socket\n" in frontend
    assert f"--while {os.getpid()} 0.0.0.0:8000 [::]:8000\n" in backend
    assert "start omnimind-maintenance-3000.service omnimind-maintenance-8000.service" in calls.read_text()


def test_undo_stops_them_and_leaves_nothing(calls: Path, step: MaintenanceStep) -> None:
    step.do(TASK, MEMO, lambda event: None)
    step.undo(TASK, MEMO, lambda event: None)
    assert "stop omnimind-maintenance-" in calls.read_text()
    assert not list(maintenance.folder(step.paths).iterdir())
    before = calls.read_text()
    step.undo(TASK, MEMO, lambda event: None)
    assert calls.read_text() == before


def test_a_native_socket_that_listens_is_not_stopped_for_a_page(
    calls: Path, step: MaintenanceStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NATIVE", "active")
    step.do(TASK, MEMO, lambda event: None)
    assert "start" not in calls.read_text()


def test_a_page_that_cannot_be_written_is_a_warning(calls: Path, step: MaintenanceStep) -> None:
    folder = maintenance.folder(step.paths)
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    told: list[Event] = []
    assert not step.do(TASK, MEMO, told.append)
    assert "no page is shown during the cutover" in told[0].text and "start" not in calls.read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("port", [80, 8000])
def test_systemd_finds_nothing_to_complain_about_and_little_is_exposed(port: int, calls: Path, tmp_path: Path) -> None:
    paths = Paths(tmp_path / "root")
    maintenance.show((("0.0.0.0", port),), Goal(frontend_port=80), paths)
    file = maintenance.folder(paths) / f"omnimind-maintenance-{port}.service"
    file.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read_text(), flags=re.MULTILINE))
    search = {**os.environ, "SYSTEMD_UNIT_PATH": f"{file.parent}:"}
    words = ("systemd-analyze", "verify", "--man=no", str(file))
    verified = subprocess.run(words, env=search, capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if "maintenance" in line] == []
    score_words = ("systemd-analyze", "security", "--offline=true", "--no-pager", str(file))
    scored = subprocess.run(score_words, capture_output=True, text=True, check=True).stdout
    score = re.search(r"exposure level for .*: ([\d.]+)", scored)
    assert score and float(score.group(1)) <= 2.5, scored


def test_the_page_is_shown_between_the_writers_stop_and_the_native_sockets() -> None:
    steps = {step.id: step for step in migrate(SOURCE, Goal(), 10).steps}
    order = list(steps)
    assert order.index("stop-writers") < order.index("show-page") < order.index("stop-data")
    assert order.index("show-page") < order.index("activate-units")
    assert steps["stop-writers"].args["act"] == Act.STOP
    assert steps["stop-writers"].args["ports"] == [3000, 8000], "docker-proxy has let go of them before"
    assert steps["stop-data"].args["ports"] == [6333], "the page has the others"


def test_a_cutover_that_was_killed_and_goes_on_shows_its_page_again(calls: Path, tmp_path: Path) -> None:
    paths = Paths(tmp_path / "root")
    with Journal(paths.journal) as journal:
        run = journal.create(migrate(SOURCE, Goal(), 10), {"goal": asdict(Goal())})
        flow.show_page_again(run, paths)
        assert not calls.read_text(), "the containers have not been stopped"
        journal.mark(run.id, "show-page", Status.DONE)
        flow.show_page_again(journal.run(run.id), paths)
        assert "start omnimind-maintenance-3000.service omnimind-maintenance-8000.service" in calls.read_text()
        calls.write_text("")
        journal.mark(run.id, "activate-units", Status.DOING)
        flow.show_page_again(journal.run(run.id), paths)
        assert not calls.read_text(), "the native sockets may have the ports"
