"""Invalid options and arguments as a Problem: what was given, why it is refused, what to write instead.

Typer parses the command line with its own copy of click; only the names of its exceptions are public.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from omnimind_ops.model.problem import ExitCode, Problem

if TYPE_CHECKING:
    import typer

_NUMBERS = {"int_parsing": "a whole number", "int_from_float": "a whole number", "float_parsing": "a number"}
_SIMILAR = 0.7
"""SequenceMatcher's ratio, above which one word may have been meant by another."""
_LIMITS = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}


def problem(error: Exception, app: typer.Typer, argv: Sequence[str]) -> Problem:
    """Return the Problem of a command line that Typer refused."""
    path, command = _command(app, argv)
    why, suggestions = _why(error, command)
    program = " ".join(path)
    hint = f"see `{program} --help`"
    fix = f"did you mean {' or '.join(suggestions)}? Otherwise {hint}" if suggestions else hint
    return Problem(f"cannot run {program}", why, fix, code=ExitCode.USAGE)


def _command(app: typer.Typer, argv: Sequence[str]) -> tuple[list[str], Any]:
    """Return the words of argv that name a command, after "omnimind", and that command."""
    from typer.main import get_command

    path, command = ["omnimind"], get_command(app)
    for word in argv:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        path, command = [*path, word], inner
    return path, command


def _why(error: Any, command: Any) -> tuple[str, list[str]]:
    """Return why a command line is refused, and what might have been meant."""
    message = str(getattr(error, "message", error))
    match type(error).__name__:
        case "NoSuchOption":
            options = [name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)]
            return f"there is no option {error.option_name}", _similar(error.option_name, [*options, "--help"])
        case "BadOptionUsage":
            takes = "takes no value" if "does not take" in message else "needs a value"
            return f"{error.option_name} {takes}", []
        case "MissingParameter":
            return f"{_label(error.param)} is missing", []
        case "BadParameter" if error.param is not None:
            return _bad_value(error), []
    if unknown := re.search(r"No such command '(.*?)'", message):
        return f"there is no command {unknown[1]}", _similar(unknown[1], list(command.commands))
    if extra := re.search(r"unexpected extra arguments?(?:\(s\))? \((.*)\)", message):
        return f"it does not take the argument {extra[1]}", []
    return message.rstrip("."), []


def _similar(word: str, known: Sequence[str]) -> list[str]:
    """Return at most two known words that look like this one, or begin like it."""
    given = word.partition("=")[0]

    def score(name: str) -> float:
        lengths = (len(name), len(given)) if len(given) > len("--a") else (len(name),)
        return max(SequenceMatcher(None, given, name[:length]).ratio() for length in lengths)

    scores = {name: score(name) for name in known}
    best = max(scores.values(), default=0.0)
    return [name for name in known if scores[name] == best][:2] if best > _SIMILAR else []


def _label(parameter: Any) -> str:
    """Return an option's longest name, or an argument's name as in the help."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return str(max(parameter.opts, key=len))


def _bad_value(error: Any) -> str:
    label = _label(error.param)
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not faults:
        return f"{label}: {str(error.message).rstrip('.')}"
    fault = faults[0]
    kind, limits = fault["type"], fault.get("ctx", {})
    if kind in _NUMBERS:
        rule = f"not {_NUMBERS[kind]}"
    elif kind in _LIMITS:
        key, text = _LIMITS[kind]
        rule = f"it must be {text} {limits[key]:g}"
    else:
        rule = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
        if "is not one of" in rule:
            choices = re.findall(r"'([^']+)'", rule.partition("is not one of")[2])
            rule = f"use one of {', '.join(choices)}"
    return f"{label} {fault['input']}: {rule}"
