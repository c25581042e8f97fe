"""Guards that keep services from starting too early, and how to take services out of operation again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from omnimind_ops.model import native
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run

PACKAGED = {"postgresql": native.POSTGRES, "redis-server": native.REDIS}
"""Package → unit, of services that come from the distribution."""
RECORD = Path("/var/lib/omnimind/packages")
POLICY = Path("/usr/sbin/policy-rc.d")
MARK = "omnimind:"
STOP_SECONDS = 300


def enabled_or_running(units: Iterable[str]) -> frozenset[str]:
    """Return those units that are running or enabled."""
    told = systemctl.parse_show(run(systemctl.show(tuple(units), ("Id", "ActiveState", "UnitFileState"))).out)
    return frozenset(unit.get("Id", "") for unit in told if unit.get("UnitFileState") == "enabled" or _runs(unit))


def stop_and_disable(units: Iterable[str]) -> None:
    """Stop and disable those of the units that exist, in one call each; idempotent."""
    known = _known(units)
    if known:
        run(("systemctl", "stop", *known), timeout=STOP_SECONDS)
        run(("systemctl", "disable", *known))
        run(("systemctl", "reset-failed", *known), check=False)


def lift_guards() -> None:
    """Remove OmniMind's policy-rc.d, and unmask (but disable) the units of packages that OmniMind installed."""
    _lift_policy()
    for package, unit in PACKAGED.items():
        if is_ours(package):
            mask = Path("/etc/systemd/system") / unit
            if mask.is_symlink() and str(mask.readlink()) == "/dev/null":
                run(("systemctl", "unmask", unit))
            stop_and_disable((unit,))


def is_ours(package: str) -> bool:
    """Return whether OmniMind installed a package, rather than finding it on the host."""
    return RECORD.exists() and package in RECORD.read_text().split()


def _lift_policy() -> None:
    kept = POLICY.with_name(POLICY.name + ".omnimind-kept")
    if POLICY.exists() and MARK in POLICY.read_text(errors="replace"):
        POLICY.unlink()
    if kept.exists():
        kept.rename(POLICY)


def _known(units: Iterable[str]) -> tuple[str, ...]:
    asked = tuple(units)
    if not asked:
        return ()
    told = systemctl.parse_show(run(systemctl.show(asked, ("Id", "LoadState"))).out)
    return tuple(unit["Id"] for unit in told if unit.get("LoadState") == "loaded")


def _runs(unit: Mapping[str, str]) -> bool:
    return unit.get("ActiveState") in ("active", "activating", "reloading")
