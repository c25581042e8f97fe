"""Every data folder is a file system of its own, mounted late at boot. The tests build on each other, in this order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample, wait_for_stack
from tests.hosts.words import Mount
from tests.stores.files.filesystems import mounted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
FOLDERS = {
    "/var/lib/qdrant/storage": "xfs",
    "/var/lib/redis": "ext4",
    "/var/lib/omnimind/uploads": "btrfs",
    "/var/lib/postgresql": "ext4",
}
LATE = "[Service]\nType=oneshot\nExecStart=sleep 4\n"
NOT_DATA = ("lost+found", ".omnimind")
PARKED = "find {} -path '*/.omnimind/parked/*' -type f | wc -l"


def device(folder: str) -> str:
    """The name of a folder's file system."""
    return folder.strip("/").replace("/", "-")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with four file systems. A slow unit comes before their mounts, which no other unit waits for."""
    with ExitStack() as stack:
        outside = {folder: tmp_path_factory.mktemp("fs") / device(folder) for folder in FOLDERS}
        for folder, kind in FOLDERS.items():
            stack.enter_context(mounted(kind, outside[folder]))
        disks = [Mount(outside[folder], f"/disks/{device(folder)}", writable=True) for folder in FOLDERS]
        booted = stack.enter_context(boot_sample(points=2_000, mounts=[wheelhouse.mount(), *disks]))
        options = "bind,nofail,x-systemd.requires=late.service"
        table = "".join(f"/disks/{device(folder)} {folder} none {options} 0 0\n" for folder in FOLDERS)
        booted.write("/etc/systemd/system/late.service", LATE)
        booted.sh(f"mkdir -p {' '.join(FOLDERS)}; echo '{table}' >> /etc/fstab; mount -a")
        tool.place(booted)
        yield booted


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, Any]:
    """What the stores hold before the migration."""
    return content(host, native=False)


def content(host: Host, *, native: bool) -> dict[str, Any]:
    """What the stores hold, without what a file system or omnimind has in a data folder."""
    return {
        store: {name: fact for name, fact in facts.items() if not name.startswith(NOT_DATA)}
        for store, facts in tool.census(host, native=native).items()
    }


def all_mounted(host: Host) -> bool:
    """Whether each folder is a mount point."""
    return host.sh(f"for one in {' '.join(FOLDERS)}; do mountpoint -q $one || echo $one; done") == ""


def test_a_mount_that_systemd_does_not_know_is_named(host: Host) -> None:
    """It reads /etc/fstab at boot and at a reload."""
    said = tool.omnimind(host, *tool.WORDS, "--dry-run")
    assert "/var/lib/redis was mounted by hand" in " ".join((said.stdout + said.stderr).split())
    host.sh("systemctl daemon-reload")


def test_migrated_and_taken_back_each_on_its_own_file_system(host: Host, before: dict[str, Any]) -> None:
    tool.migrate(host)
    assert content(host, native=True) == before
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)
    assert content(host, native=False) == before
    assert all_mounted(host)
    for folder in FOLDERS:
        if "postgresql" not in folder:
            assert int(host.sh(PARKED.format(folder))) > 0, folder
    assert host.sh("find /var/lib -xdev -name '.omnimind*' -o -xdev -name '*.incoming'") == ""


def test_migrated_again_it_waits_for_its_file_systems_at_boot(host: Host, before: dict[str, Any]) -> None:
    tool.migrate(host)
    assert content(host, native=True) == before
    host.reboot()
    host.wait_for((tool.PROGRAM, "status"), 120, "the native services")
    assert all_mounted(host)
    assert content(host, native=True) == before


def test_finish_leaves_only_data_on_the_file_systems(host: Host, before: dict[str, Any]) -> None:
    tool.omnimind(host, "finish", "--yes")
    assert host.sh(f"find {' '.join(FOLDERS)} -maxdepth 2 -name '.omnimind*'") == ""
    assert content(host, native=True) == before
