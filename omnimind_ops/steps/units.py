"""Units that a run enables or stops, and the blocks that keep services from starting too early (policy-rc.d, masks)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from omnimind_ops.model import native
from omnimind_ops.tools import dpkg, systemctl
from omnimind_ops.tools.shell import run

PACKAGED = {"postgresql": native.POSTGRES, "redis-server": native.REDIS}
"""Package → unit, of services that come from the distribution."""
RECORD = Path(dpkg.RECORD)
POLICY = Path(dpkg.POLICY)
MARK = "omnimind:"
STOP_SECONDS = 300
INSTALL_SECONDS = 900
UPDATES = Path("/var/lib/dpkg/updates")


def enabled_or_running(units: Iterable[str]) -> frozenset[str]:
    """Return those units that are running or enabled."""
    shown = systemctl.parse_show(run(systemctl.show(tuple(units), ("Id", "ActiveState", "UnitFileState"))).out)
    return frozenset(
        unit.get("Id", "") for unit in shown if unit.get("UnitFileState") == "enabled" or _is_running(unit)
    )


def enabled_units(units: Iterable[str]) -> frozenset[str]:
    """Return those units that start at boot."""
    shown = systemctl.parse_show(run(systemctl.show(tuple(units), ("Id", "UnitFileState"))).out)
    return frozenset(unit.get("Id", "") for unit in shown if unit.get("UnitFileState") == "enabled")


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


def end_cut_installation() -> bool:
    """Let dpkg end what it began, if OmniMind began it; return whether there was something.

    Raises Problem with dpkg's own words if it cannot.
    """
    is_guarded = POLICY.exists() and MARK in POLICY.read_text(errors="replace")
    is_cut = is_guarded or any(UPDATES.glob("[0-9]*")) or run(("dpkg", "--audit"), check=False).out.strip()
    if not (RECORD.exists() and is_cut):
        return False
    run(("sh", "-c", dpkg.script(repair=True)), timeout=INSTALL_SECONDS)
    return True


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
