"""What the preflight of an undo asks, asked of a real engine: containers are made and removed here, none is started."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from omnimind_ops.model.old_stack import OldContainer, OldStack
from omnimind_ops.observe import docker
from omnimind_ops.planning.way_back import Engine, Return, old_mounts, returns

LABEL = "com.docker.compose"


def call(*arguments: str, feed: bytes | None = None) -> str:
    return subprocess.run(("docker", *arguments), input=feed, check=True, capture_output=True).stdout.decode().strip()


@dataclass(frozen=True)
class Project:
    """A project of a name nobody else has, whose only service is redis."""

    name: str
    bind: Path

    def create(self, *arguments: str, suffix: str = "1") -> str:
        """Create its container as Compose labels it; return the ID."""
        labels = ("--label", f"{LABEL}.project={self.name}", "--label", f"{LABEL}.service=redis")
        mounts = ("--volume", f"{self.bind}:/conf")
        return call("create", "--name", f"{self.name}_redis_{suffix}", *labels, *mounts, *arguments, self.name, "/none")

    def found(self, old: OldContainer) -> Return:
        """What can be started for an old container now."""
        engine = Engine(docker.containers(), docker.volumes(), lambda path: Path(path).exists())
        (item,) = returns((old.id,), OldStack((old,)), self.name, engine)
        return item


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Its containers, volumes and image are removed at the end."""
    version, why = docker.version()
    if not version:
        pytest.skip(f"no Docker engine answers: {why}")
    made = Project(f"omnimind-back-{uuid.uuid4().hex[:10]}", tmp_path / "conf")
    made.bind.mkdir()
    call("import", "-", made.name, feed=bytes(10240))
    try:
        yield made
    finally:
        ids = call("ps", "-aq", "--filter", f"label={LABEL}.project={made.name}").split()
        if ids:
            call("rm", "-f", "-v", *ids)
        volumes = call("volume", "ls", "-q", "--filter", f"label={made.name}").split()
        if volumes:
            call("volume", "rm", *volumes)
        call("rmi", made.name)


@pytest.fixture
def volume(project: Project) -> str:
    """A volume of that project alone."""
    return call("volume", "create", "--label", project.name)


@pytest.fixture
def old(project: Project, volume: str) -> OldContainer:
    """The container that was migrated, as the run notes it."""
    id = project.create("--volume", f"{volume}:/data")
    (container,) = (item for item in docker.containers() if item.id == id)
    return OldContainer(id, container.name, container.image, container.service, old_mounts(container))


def test_a_container_that_is_there_with_its_data_comes_back(project: Project, old: OldContainer) -> None:
    assert project.found(old) == Return(old, old.id)


def test_one_whose_image_lost_its_name_comes_back_too(project: Project, old: OldContainer) -> None:
    """The engine keeps the layers of a container."""
    call("rmi", "-f", project.name)
    try:
        assert project.found(old) == Return(old, old.id)
    finally:
        call("import", "-", project.name, feed=bytes(10240))


def test_one_that_was_removed_does_not(project: Project, old: OldContainer) -> None:
    call("rm", old.id)
    assert project.found(old).trouble == f"its container {old.id[:12]} was removed"


def test_one_that_was_renamed_comes_back_under_its_new_name(project: Project, old: OldContainer) -> None:
    call("rename", old.id, f"{project.name}_cache")
    assert project.found(old) == Return(old, old.id, note=f"it is called {project.name}_cache now")


def test_one_that_was_created_again_on_its_volume_stands_for_it(
    project: Project, old: OldContainer, volume: str
) -> None:
    call("rm", old.id)
    heir = project.create("--volume", f"{volume}:/data")
    assert project.found(old) == Return(old, heir, note=f"it was created again as {heir[:12]}")


def test_one_that_was_created_again_on_a_new_volume_does_not(project: Project, old: OldContainer, volume: str) -> None:
    call("rm", old.id)
    heir = project.create("--volume", "/data")
    result = project.found(old)
    assert result.now == heir and result.trouble.endswith(f"at /data instead of volume {volume}")


def test_one_whose_folder_is_gone_does_not(project: Project, old: OldContainer) -> None:
    """The engine would start it, with an empty folder in its place."""
    project.bind.rmdir()
    assert project.found(old).trouble == f"its folder {project.bind} is gone"
