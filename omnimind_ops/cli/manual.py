"""The manual page omnimind(1), made from the commands' own help: python -m omnimind_ops.cli.manual > omnimind.1."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from omnimind_ops import __version__
from omnimind_ops.cli.app import app
from omnimind_ops.model.problem import ExitCode

FILES = (
    ("/etc/omnimind/omnimind.toml", "settings; omnimind.example.toml explains each"),
    ("/var/lib/omnimind/journal.db", "every run and its steps"),
    ("/var/lib/omnimind/receipts", "one folder for each migration"),
    ("/opt/omnimind/cli", "the environments of this command, by version"),
)


def page() -> str:
    """Return the page in man(7) format."""
    root: Any = typer.main.get_command(app)
    lines = [
        f'.TH OMNIMIND 1 "" "omnimind {__version__}" "User Commands"',
        ".SH NAME",
        _text(f"omnimind - {_lower(root.help)}"),
    ]
    lines += [
        ".SH SYNOPSIS",
        r".B omnimind",
        r"\fICOMMAND\fR [\fIOPTION\fR...]",
        ".SH DESCRIPTION",
        _text(root.help),
        ".SH COMMANDS",
    ]
    for name, command in _commands(root):
        lines += _command(name, command)
    lines.append(".SH FILES")
    for file, description in FILES:
        lines += [".TP", rf"\fI{_text(file)}\fR", _text(description)]
    lines += [".SH EXIT STATUS"]
    for code in ExitCode:
        lines += [".TP", str(int(code)), _text(code.name.lower().replace("_", " "))]
    return "\n".join(lines) + "\n"


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [_argument(param) for param in command.params if param.param_type_name == "argument"]
    yield f'.SS "{_text(" ".join(("omnimind", name, *arguments)))}"'
    yield _text(" ".join((command.help or "").split()))
    for param in command.params:
        if param.param_type_name == "option" and not getattr(param, "hidden", False):
            yield ".TP"
            yield rf"\fB{_text(', '.join((*param.opts, *param.secondary_opts)))}\fR"
            yield _text(param.help or "")
        elif param.param_type_name == "argument" and getattr(param, "help", None):
            yield ".TP"
            yield rf"\fI{_text(param.name.upper())}\fR"
            yield _text(param.help)


def _argument(param: Any) -> str:
    name = param.name.upper()
    return name if param.required else f"[{name}]"


def _text(text: str) -> str:
    """Return text that roff prints unchanged: no line is taken for a request."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(page())
