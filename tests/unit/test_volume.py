"""Where a Docker volume's data is: in Docker's folder, in another folder, or on something Docker mounts for a container."""

from __future__ import annotations

import pytest

from omnimind_ops.model.volume import Volume
from omnimind_ops.tools import docker


@pytest.mark.parametrize(
    ("driver", "options", "folder", "origin"),
    [
        ("local", {}, "", ""),
        ("local", {"type": "none", "o": "bind", "device": "/storage/uploads"}, "/storage/uploads", ""),
        ("local", {"type": "", "o": "uid=1000,bind", "device": "/storage"}, "/storage", ""),
        ("local", {"type": "nfs", "o": "addr=10.0.0.5,rw", "device": ":/export"}, "", "nfs :/export"),
        ("local", {"type": "tmpfs", "o": "size=100m", "device": "tmpfs"}, "", "tmpfs tmpfs"),
        ("local", {"type": "ext4", "device": "/dev/sdb1"}, "", "ext4 /dev/sdb1"),
        ("local", {"o": "size=10G"}, "", ""),
        ("rclone", {"remote": "box:data"}, "", "volume driver rclone"),
    ],
)  # fmt: skip
def test_where_the_data_is(driver: str, options: dict[str, str], folder: str, origin: str) -> None:
    volume = Volume("uploads", driver, options)
    assert (volume.folder, volume.origin) == (folder, origin)


def test_volumes_are_read_from_dockers_json() -> None:
    text = '[{"Name": "a", "Driver": "local", "Options": null}, {"Name": "b", "Driver": "local", "Options": {"o": "bind"}}]'
    assert docker.parse_volumes(text) == (Volume("a"), Volume("b", "local", {"o": "bind"}))
    assert docker.parse_volumes("") == ()
