"""What earlier test sessions left in the outer engine, found by label."""

from __future__ import annotations

from .image import LABEL
from .outside import docker
from .removal import remove


def hosts() -> list[str]:
    """The names of all test hosts of this machine, in any state."""
    return docker("ps", "--all", "--filter", f"label={LABEL}=host", "--format", "{{.Names}}").split()


def volumes() -> list[str]:
    """The volumes of test hosts, also of those that are gone."""
    return docker("volume", "ls", "--quiet", "--filter", f"label={LABEL}=volume").split()


def images() -> list[str]:
    """The images of test hosts."""
    return docker("images", "--filter", f"label={LABEL}=image", "--format", "{{.Repository}}:{{.Tag}}").split()


def clean(with_images: bool = False) -> list[str]:
    """Remove every test host and its volume, and the imported images too where asked; returns what was removed."""
    gone = hosts()
    for name in gone:
        remove(name)
    lone = volumes()
    if lone:
        docker("volume", "rm", "--force", *lone)
    old = images() if with_images else []
    if old:
        docker("rmi", *old)
    return [*gone, *lone, *old]
