"""Check volumes: whether the data stays where it is when the containers stop. Pure."""

from __future__ import annotations

from omnimind_ops.model.facts import Project
from omnimind_ops.planning.check import Check, State


def volumes(project: Project | None) -> tuple[Check, ...]:
    """Fail for each writable volume that Docker unmounts with its container: the last changes could not be copied."""
    containers = project.containers if project else ()
    mounts = {mount.name: mount for c in containers for mount in c.mounts if mount.mounted_by_docker and mount.writable}
    rows = tuple(
        Check(
            "volumes",
            State.FAIL,
            f"the volume {name} ({mount.mounted_by_docker}) is mounted only while its container runs",
            f"mount it on this host (/etc/fstab), use that folder as a bind mount for {mount.target}, "
            "and recreate the container",
        )
        for name, mount in sorted(mounts.items())
    )
    return rows or (Check("volumes", State.OK, "the data stays readable when the containers stop"),)
