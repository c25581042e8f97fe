"""Units that a run enables or stops, and the blocks that keep services from starting too early (policy-rc.d, masks)."""

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
    shown = systemctl.parse_show(run(systemctl.show(tuple(units), ("Id", "ActiveState", "UnitFileState"))).out)
    return frozenset(
        unit.get("Id", "") for unit in shown if unit.get("UnitFileState") == "enabled" or _is_running(unit)
    )


def stop_and_disable(units: Iterable[str]) -> None:
    """Stop and disable those of the units that exist, in one call each; idempotent."""
    loaded = _loaded(units)
    if loaded:
        run(("systemctl", "stop", *loaded), timeout=STOP_SECONDS)
        run(("systemctl", "disable", *loaded))
        run(("systemctl", "reset-failed", *loaded), check=False)


def allow_service_starts() -> None:
    """Remove OmniMind's policy-rc.d, and unmask (but disable) the units of packages that OmniMind installed."""
    _remove_policy()
    for package, unit in PACKAGED.items():
        if is_installed_by_omnimind(package):
            mask = Path("/etc/systemd/system") / unit
            if mask.is_symlink() and str(mask.readlink()) == "/dev/null":
                run(("systemctl", "unmask", unit))
            stop_and_disable((unit,))


def is_installed_by_omnimind(package: str) -> bool:
    """Return whether OmniMind installed a package, rather than finding it on the host."""
    return RECORD.exists() and package in RECORD.read_text().split()


def _remove_policy() -> None:
    original = POLICY.with_name(POLICY.name + ".omnimind-kept")
    if POLICY.exists() and MARK in POLICY.read_text(errors="replace"):
        POLICY.unlink()
    if original.exists():
        original.rename(POLICY)


def _loaded(units: Iterable[str]) -> tuple[str, ...]:
    names = tuple(units)
    if not names:
        return ()
    shown = systemctl.parse_show(run(systemctl.show(names, ("Id", "LoadState"))).out)
    return tuple(unit["Id"] for unit in shown if unit.get("LoadState") == "loaded")


def _is_running(unit: Mapping[str, str]) -> bool:
    return unit.get("ActiveState") in ("active", "activating", "reloading")
