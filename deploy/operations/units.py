"""running: units that are unmasked, enabled, up, and no older than what they read; see decision 023 for what
systemd.service lacks.
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
"""Needs no `enable`: a unit that we masked was enabled before (see packages.sh), one of the others cannot be."""


@operation()
def running(
    units: Sequence[str],
    start: str,
    inputs: Mapping[str, Sequence[str]],
    also: Sequence[str] = (),
    first: Sequence[str] = (),
    batches: Sequence[Sequence[str]] = (),
) -> Commands:
    """Make all `units` unmasked, enabled and up, by starting those of `first` that are down, then `start`, which brings
    the rest.

    `inputs` (unit → paths) are what a unit reads at its start: one whose process is older than any of them is
    restarted. Units in `batches` are restarted one batch after the other, so that somebody always serves; `also` must
    be up but need not be enabled.
    """
    paths = tuple(dict.fromkeys(path for some in inputs.values() for path in some))
    states = host.get_fact(Units, units=(*units, *also), paths=paths)
    masked = [name for name in units if _of(states, name).enabled == "masked"]
    disabled = [name for name in units if _of(states, name).enabled not in ENABLED]
    down = [name for name in (*units, *also) if not _of(states, name).is_up]
    stale = [name for name in inputs if name not in down and _is_stale(states, name, inputs[name])]
    if not (masked or disabled or down or stale):
        return
    note(*_say("unmask", masked), *_say("enable", disabled), *_say("start", down), *_say("restart", stale))
    rolling = [[name for name in batch if name in stale] for batch in batches]
    rest = [name for name in stale if not any(name in batch for batch in rolling)]
    yield StringCommand(
        text(
            "scripts/running.sh.j2",
            masked=shlex.join(masked),
            disabled=shlex.join(disabled),
            start=start if down else "",
            down=shlex.join(down),
            first=shlex.join([name for name in first if name in down]),
            restart=[shlex.join(batch) for batch in [rest, *rolling] if batch],
            everyone=shlex.join([*units, *also]),
        )
    )


def _of(states: UnitStates, name: str) -> Unit:
    return states.units.get(name, Unit())


def _is_stale(states: UnitStates, name: str, paths: Sequence[str]) -> bool:
    started = _of(states, name).started
    return bool(started) and any(states.changed.get(path, 0) > started for path in paths)


def _say(verb: str, names: Sequence[str]) -> list[str]:
    return [f"~ {verb} {name}" for name in names]
