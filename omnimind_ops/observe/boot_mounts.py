"""Mounts that the host does not make at boot."""

from __future__ import annotations

from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run

_MOUNTED_BY_THEIR_OWN = ("zfs", "autofs")
"""File systems that other services mount at boot; systemd has no unit file for them."""


def is_mounted_by_hand(mount_point: str, filesystem: str) -> bool:
    """Return whether no line in /etc/fstab and no mount unit mounts this at boot; False when systemd does not say."""
    if mount_point == "/" or filesystem in _MOUNTED_BY_THEIR_OWN:
        return False
    unit = run(("systemd-escape", "--path", "--suffix=mount", mount_point), check=False)
    if not unit.ok:
        return False
    shown = run(systemctl.show((unit.out.strip(),), ("ActiveState", "FragmentPath")), check=False)
    facts = next(iter(systemctl.parse_show(shown.out)), {}) if shown.ok else {}
    return facts.get("ActiveState") == "active" and not facts.get("FragmentPath")
