"""running: units that are unmasked, enabled, active, and started after their inputs changed.

Decision 023 lists what systemd.service lacks.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploy.commands import Commands
from deploy.facts.units import Unit, Units, UnitStates
from deploy.notes import note
from deploy.render import text

ENABLED = ("enabled", "masked", "static", "generated", "indirect", "alias")
"""States that need no `enable`: a masked unit was enabled before (see packages.sh), the others cannot be enabled."""


@operation()
def running(
    units: Sequence[str],
    start: str,
    inputs: Mapping[str, Sequence[str]],
    also: Sequence[str] = (),
    first: Sequence[str] = (),
    batches: Sequence[Sequence[str]] = (),
) -> Commands:
    """Make all `units` unmasked, enabled and active.

    It starts the inactive units in `first`, then `start`, which starts the rest.

    `inputs` (unit → paths) are the files that a unit reads at its start; a unit that started before one of them changed
    is restarted. Units in `batches` are restarted batch by batch, so that some always serve. `also` must be active but
    need not be enabled.
    """
    paths = tuple(dict.fromkeys(path for files in inputs.values() for path in files))
    states = host.get_fact(Units, units=(*units, *also), paths=paths)
    masked = [name for name in units if _of(states, name).enabled == "masked"]
    disabled = [name for name in units if _of(states, name).enabled not in ENABLED]
    down = [name for name in (*units, *also) if not _of(states, name).is_up]
    stale = [name for name in inputs if name not in down and _is_stale(states, name, inputs[name])]
    if not (masked or disabled or down or stale):
        return
    for verb, names in (("unmask", masked), ("enable", disabled), ("start", down), ("restart", stale)):
        note(*(f"~ {verb} {name}" for name in names))
    rolling = [[name for name in batch if name in stale] for batch in batches]
    rest = [name for name in stale if not any(name in batch for batch in rolling)]
    yield _script(
        masked=masked,
        disabled=disabled,
        start=start if down else "",
        down=down,
        first=[name for name in first if name in down],
        restart=[rest, *rolling],
        everyone=[*units, *also],
    )


def _script(start: str, restart: Sequence[Sequence[str]], **names: Sequence[str]) -> StringCommand:
    quoted = {key: shlex.join(units) for key, units in names.items()}
    batches = [shlex.join(batch) for batch in restart if batch]
    return StringCommand(text("scripts/running.sh.j2", start=start, restart=batches, **quoted))


def _of(states: UnitStates, name: str) -> Unit:
    return states.units.get(name, Unit())


def _is_stale(states: UnitStates, name: str, paths: Sequence[str]) -> bool:
    started = _of(states, name).started
    return bool(started) and any(states.changed.get(path, 0) > started for path in paths)
