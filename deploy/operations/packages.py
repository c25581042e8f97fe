"""packages: Debian packages whose services do not start when they arrive, and stay masked until activated."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploy import notes
from deploy.commands import Commands
from deploy.facts.packages import GUARD, POLICY, RECORD, Packages
from deploy.look import look
from deploy.render import text


@operation()
def packages(names: Sequence[str], hold: Sequence[str] = ()) -> Commands:
    """Install what is missing of `names`; the units `hold` are masked first when their package (the first name) is new here.

    Nothing is enabled or started by the installation: a policy-rc.d of ours refuses, and goes again in every case.
    """
    found = look(Packages, packages=tuple(names))
    missing = [name for name in names if name not in found.versions]
    notes.note(host, [f"+ package {name}" for name in missing] + ["- a policy-rc.d of ours, left behind"] * found.guarded)
    if missing or found.guarded:
        held = hold if names[0] in missing else ()
        yield StringCommand(
            text(
                "scripts/packages.sh.j2",
                packages=[shlex.quote(name) for name in missing],
                hold=[shlex.quote(unit) for unit in held],
                record=RECORD,
                policy=POLICY,
                guard=GUARD,
            )
        )
