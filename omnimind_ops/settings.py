"""Settings: the user's choices, loaded once and passed down; manual and example are omnimind.example.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.rules import faults, rules, setting
from omnimind_ops.model.system import Kind, System

PREFIX = "OMNIMIND_"
PLACE = Path("/etc/omnimind/omnimind.toml")
CHANGEABLE = ("model", "mode", "open_reads", "wheelhouse")
"""Settings that converge applies to a native host: they change no data, no port and no name."""
IMMEDIATE = ("critical_timeout", "secondary_timeout", "auto_recovery")
"""Settings that take effect at once: no unit and no service has them."""


@dataclass(frozen=True)
class Settings(System):
    """A System, and what only a run needs. "" means: detected, or none."""

    project: str = setting("", "Compose project to migrate; found when there is only one that it can be")
    ignore: tuple[str, ...] = setting((), "preflight checks whose failure is only a warning, as --ignore", item=str)
    upload_folders: tuple[str, ...] = setting(
        (),
        "folders and files of the backend's container that are moved; chosen by rule when empty",
        item=str,
    )
    confirm_minutes: int = setting(
        10, "after a cutover: minutes until the containers come back unless confirmed", least=1, most=1440
    )
    python: str = setting(
        "", "interpreter for the venv, 3.11 to 3.13, outside of every home; found when empty", absolute=True
    )
    lock: str = setting("", "set of GPU packages; chosen by the driver when empty", choices=("", "cpu", "cu12", "cu13"))
    qdrant_binary: str = setting("", "Qdrant executable to install instead of the one in the container", absolute=True)
    named: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Names of the settings that the user set, even to the default."""


RULES = rules(Settings)


class FaultsError(Exception):
    """Faults of settings: each with the name of its setting, "" if it concerns several."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" if name else fault for name, fault in found))
        self.found = found


def settings(**values: Any) -> Settings:
    """Return settings with the user's values; raise FaultsError with all their faults."""
    from omnimind_ops.tools import toml  # here, as `--help` needs none of it

    found = [(name, toml.unknown(name, RULES)) for name in values if name not in RULES]
    for name, value in values.items():
        if name in RULES:
            found += [(name, toml.refused(name, said, part)) for said, part in faults(RULES[name], value)]
    if found:
        raise FaultsError(found)
    chosen = Settings(**values, named=frozenset(values))
    if double := sorted({port for port in chosen.ports if chosen.ports.count(port) > 1}):
        raise FaultsError([("", f"two services cannot share a port: {', '.join(map(str, double))}")])
    return chosen


def changed(before: Settings, values: Mapping[str, Any]) -> Settings:
    """Return settings with additional values of the user; they are not checked."""
    return replace(before, **values, named=before.named | values.keys())


def updated(recorded: Kind, settings: Settings) -> Kind:
    """Return the recorded system with the settings of today that take effect on a native host.

    The others keep their values, as do changeable ones that are not set.
    """
    names = (*IMMEDIATE, *(name for name in CHANGEABLE if name in settings.named))
    return replace(recorded, **{name: getattr(settings, name) for name in names})


def load(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from `config`, else $OMNIMIND_CONFIG, else the default file; OMNIMIND_* overrides the file.

    The default file is /etc/omnimind/omnimind.toml, or the user's if the host has none. The user's file is
    ~/.config/omnimind/omnimind.toml, by the XDG rules.

    Raises one Problem that shows every fault with its line. Other OMNIMIND_* variables are ignored: a shell may have
    them for other reasons.
    """
    from omnimind_ops.tools import toml

    words = os.environ if environment is None else environment
    named = config or (Path(words[f"{PREFIX}CONFIG"]) if words.get(f"{PREFIX}CONFIG") else None)
    place = named or _usual(words)
    text = _read(place, must_exist=named is not None)
    try:
        values = toml.parse(text)
    except ValueError as error:
        raise _problem(place, [str(error)]) from error
    given = _from(words)
    try:
        return settings(**{**{k: _tuple(v) for k, v in values.items()}, **given})
    except FaultsError as error:
        said = sorted(toml.located(name, fault, text, given) for name, fault in error.found)
        raise _problem(place if text else None, [fault for _, fault in said]) from error


def _usual(words: Mapping[str, str]) -> Path:
    """Return the host's file, or the user's if the host has none."""
    given, home = words.get("XDG_CONFIG_HOME", ""), words.get("HOME", "")
    base = Path(given) if given.startswith("/") else Path(home) / ".config" if home.startswith("/") else None
    return PLACE if PLACE.exists() or base is None else base / "omnimind" / "omnimind.toml"


def _from(words: Mapping[str, str]) -> dict[str, object]:
    """Return the settings in the environment; a list is written as 8000,8080."""
    from omnimind_ops.tools import toml

    found: dict[str, object] = {}
    for name, rule in RULES.items():
        text = words.get(PREFIX + name.upper())
        if text is not None:
            found[name] = toml.word(text, rule.kind, many=rule.kind is tuple)
    return found


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _read(place: Path, *, must_exist: bool) -> str:
    try:
        return place.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if must_exist:
            raise Problem(
                "cannot read the settings", f"there is no file {place}", "check --config and OMNIMIND_CONFIG"
            ) from error
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("cannot read the settings", f"{place}: {error}", "make it readable text: chmod 0644") from error


def _problem(place: Path | None, faults: list[str]) -> Problem:
    where = str(place) if place else "the environment"
    why = f"{where} has {len(faults)} faults" if len(faults) > 1 else f"{where}: {faults[0]}"
    return Problem(
        "cannot use the settings",
        why,
        "correct what is named; omnimind.example.toml shows every key",
        log=tuple(faults),
    )
