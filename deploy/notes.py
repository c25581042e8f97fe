"""What an operation would change, in lines for a person, and whether that is only a guess; written while preparing, read by the worker."""

from __future__ import annotations

from pyinfra.api.host import Host

_lines: dict[str, list[str]] = {}
_guesses: set[str] = set()


def clear() -> None:
    """Forget everything: a new job begins."""
    _lines.clear()
    _guesses.clear()


def note(host: Host, lines: list[str]) -> None:
    """Keep what the current operation is about to change; the latest word counts, as execution looks again."""
    _lines[host.current_op_hash or ""] = lines


def guess(host: Host) -> None:
    """Say that the current operation cannot know yet: what it looks at does not exist."""
    _guesses.add(host.current_op_hash or "")


def lines(operation: str) -> list[str]:
    """Return the lines of an operation, by its hash."""
    return _lines.get(operation, [])


def is_guess(operation: str) -> bool:
    """Tell whether an operation could not know."""
    return operation in _guesses
