"""The data folders of a run, when they are file systems of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.flows import data_folders, finish, migrate, places, way_back
from omnimind_ops.flows.discover import Discovery
from omnimind_ops.model.payloads import PlacePayload
from omnimind_ops.model.plan import Step
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.run import Run, StepRecord
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.paths import Paths
from omnimind_ops.planning.source import QdrantSource, RedisSource, Source
from tests.migrated import Host, migrated
from tests.stores.files.filesystems import mounted
from tests.stores.files.trees import ROOT
from tests.unit.test_preflight import HOST, PROJECT


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A migration that is done and waits."""
    return migrated(tmp_path, monkeypatch)


def redis_inside(run: Run, folder: Path) -> Run:
    """The run with its Redis in a folder that was a mount point."""
    step = Step.of("place-redis", PlacePayload(str(folder), inside=True), "")
    return replace(run, steps=(*run.steps, StepRecord(step, Status.DONE, memo={"placing": True})))


def test_a_rollback_whose_file_system_is_not_mounted_does_not_begin(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    with pytest.raises(Problem, match="its file system is not mounted") as caught:
        way_back.WayBack(lambda event: None).check(redis_inside(host.run, folder))
    assert caught.value.code is ExitCode.NO_WAY_BACK and f"mount {folder}" in caught.value.fix
    assert host.double.calls == ()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    way_back.WayBack(lambda event: None).check(redis_inside(host.run, folder))


def test_finish_removes_what_is_inside_of_a_mount_point(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "redis"
    (folder / ".omnimind" / "parked" / "an earlier run").mkdir(parents=True)
    (folder / "dump.rdb").write_text("data")
    run = redis_inside(replace(host.run, state=RunState.CONFIRMED), folder)
    assert folder / ".omnimind" in places.leftovers(run)
    assert folder / ".omnimind" in finish.leftovers(run, host.paths).folders


@pytest.mark.skipif(not ROOT, reason="mounting takes root")
def test_a_folder_that_cannot_take_the_data_is_refused_before_anything_is_installed(host: Host, tmp_path: Path) -> None:
    source, uploads = Source("p", (), (), (), (), (str(tmp_path / "old"),), None, None), tmp_path / "new"
    goal = replace(migrate.goal_begun(host.run), uploads=str(uploads), redis_dir=str(tmp_path / "redis"))
    (tmp_path / "old").mkdir()
    assert data_folders.with_folders(source, goal).inside == frozenset()
    with mounted("bind", uploads):
        assert data_folders.with_folders(source, goal).inside == {str(uploads)}
    with mounted("bind", tmp_path / "redis" / "in"), pytest.raises(Problem, match="is mounted inside it"):
        data_folders.with_folders(source, goal)
    for target in (tmp_path / "old" / "in", tmp_path / "old", tmp_path):
        with pytest.raises(Problem, match="inside the other"):
            data_folders.with_folders(source, replace(goal, uploads=str(target)))


def test_space_is_asked_of_the_file_system_that_gets_the_data(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storage and Redis' folder may each be mounted; Redis' dump also waits in the stage."""
    monkeypatch.setattr(migrate.index, "probe", lambda: None)
    for name in ("storage", "a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 100_000)
    qdrant = QdrantSource("q", "", "", str(tmp_path / "storage"), "/q", "1.20.0")
    redis = RedisSource("r", "", 0, "", "rdb", "", data=7_000_000)
    uploads = (str(tmp_path / "a"), str(tmp_path / "b"))
    source = Source("p", (), (), (), (), uploads, qdrant, redis)
    goal = migrate.goal_begun(host.run)
    space = migrate.needs(Discovery(HOST, PROJECT, source, goal), "cpu", Paths()).space
    assert space[goal.redis_dir] == space["/var/lib/omnimind"] == 7_000_000
    copied = (f"{goal.qdrant_home}/storage", f"{goal.uploads}/0-a", f"{goal.uploads}/1-b")
    assert all(100_000 <= space[folder] < 200_000 for folder in copied)
    assert space[goal.qdrant_home] == space[goal.uploads] == 0
