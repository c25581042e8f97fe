"""The script that installs packages without starting anything, and that ends an installation that was cut."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.tools.template import render

RECORD = "/var/lib/omnimind/packages"
"""File with one package per line: those that OmniMind installed.

Only their services may be masked, and stopped by an undo.
"""
POLICY = "/usr/sbin/policy-rc.d"
GUARD = "omnimind: nothing starts while a package is being installed"


def script(packages: Sequence[str] = (), hold: Sequence[str] = (), *, repair: bool = False) -> str:
    """Return the script; words are quoted already. `repair`: end a cut installation even if nothing is missing."""
    values = {"packages": packages, "hold": hold, "repair": repair, "record": RECORD, "policy": POLICY, "guard": GUARD}
    return render("scripts/packages.sh.j2", values)
