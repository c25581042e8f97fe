"""Command lines that are invalid: each is a Problem with exit code 64, and names what was meant if it can be told."""

from __future__ import annotations

import json
import sys

import pytest

from omnimind_ops import cli
from omnimind_ops.model.problem import ExitCode


def run(monkeypatch: pytest.MonkeyPatch, line: str) -> int:
    """Run a command line; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["omnimind", *line.split()])
    with pytest.raises(SystemExit) as exited:
        cli.main()
    return int(exited.value.code or 0)


@pytest.mark.parametrize(
    ("line", "command", "why", "fix"),
    [
        ("migrate --fron", "migrate", "there is no option --fron", "did you mean --from-docker? Otherwise "),
        ("rollback --jsn", "rollback", "there is no option --jsn", "did you mean --json? Otherwise "),
        ("rollback -z", "rollback", "there is no option -z", ""),
        ("bnech", "", "there is no command bnech", "did you mean bench? Otherwise "),
        ("bench embedings", "bench", "there is no command embedings", "did you mean embeddings? Otherwise "),
        ("bench embeddings --n foo", "bench embeddings", "--n foo: not a whole number", ""),
        ("bench embeddings --n=0", "bench embeddings", "--n 0: it must be at least 1", ""),
        ("health --interval x", "health", "--interval x: not a number", ""),
        ("user token ana --days 9999", "user token", "--days 9999: it must be at most 3650", ""),
        ("user add ana --role king", "user add", "--role king: use one of reader, writer, admin", ""),
        ("user role ana king", "user role", "ROLE king: use one of reader, writer, admin", ""),
        ("user add", "user add", "NAME is missing", ""),
        ("wheelhouse", "wheelhouse", "DIR is missing", ""),
        ("rollback --run", "rollback", "--run needs a value", ""),
        ("rollback --json=3", "rollback", "--json takes no value", ""),
        ("rollback one two", "rollback", "it does not take the argument one two", ""),
    ],
)
def test_it_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, command: str, why: str, fix: str
) -> None:
    program = f"omnimind {command}".strip()
    assert run(monkeypatch, line) == ExitCode.USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"error: cannot run {program}\nwhy:   {why}\nfix:   {fix}see `{program} --help`\n"


def test_with_json_it_is_one_object_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "migrate --fron --json") == ExitCode.USAGE
    printed = capsys.readouterr()
    assert printed.err == ""
    assert json.loads(printed.out)["why"] == "there is no option --fron"


def test_a_command_without_its_subcommand_prints_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "user") == ExitCode.USAGE
    assert "Usage: omnimind user [OPTIONS] COMMAND [ARGS]..." in capsys.readouterr().err


def test_help_and_version_succeed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--version") == 0
    assert run(monkeypatch, "migrate --help") == 0
    assert "Usage: omnimind migrate" in capsys.readouterr().out
