"""packages: Debian packages whose services do not start on installation and stay masked until they are activated."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploy.commands import Commands
from deploy.facts.packages import Packages
from deploy.notes import note
from omnimind_ops.tools.dpkg import script


@operation()
def packages(package_units: Mapping[str, str]) -> Commands:
    """Install the missing packages of `package_units` (package → its unit, "" for none) with one apt call.

    The unit of a newly installed package is masked first. The installation neither enables nor starts anything: a
    temporary policy-rc.d refuses, and is always removed.
    """
    state = host.get_fact(Packages, packages=tuple(package_units))
    missing = [name for name in package_units if name not in state.versions]
    note(*(f"+ package {name}" for name in missing), *["- leftover policy-rc.d of omnimind"] * state.guarded)
    if missing or state.guarded:
        yield StringCommand(
            script(
                [shlex.quote(name) for name in missing],
                [shlex.quote(unit) for name in missing if (unit := package_units[name])],
            )
        )
