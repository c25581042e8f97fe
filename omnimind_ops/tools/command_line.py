"""What the command of a container starts: words and variables, also those in a shell's script. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

SHELL_SCRIPT = re.compile(r"-[a-z]*c")
SEPARATORS = ";&|"
_READ_FILE = re.compile(r"\$\(\s*(?:cat\s+|<\s*)([^()]+?)\s*\)|`\s*(?:cat\s+|<\s*)([^`]+?)\s*`")
_VARIABLE = re.compile(r"\$(?:(?P<name>\w+)|\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\})")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_MARK = "\x01"

ReadFile = Callable[[str], str]


@dataclass(frozen=True)
class Started:
    """The words of a command, and its variables: those of the container and those that a script sets."""

    words: tuple[str, ...] = field(repr=False)
    env: Mapping[str, str] = field(repr=False)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the options "--name value…" with their values, in order: ("--save", "60 1"), ("--appendonly", "yes")."""
        pairs: list[tuple[str, str]] = []
        is_open = False
        for word in self.words:
            if word.startswith("--") and len(word) > 2:
                name, _, value = word.partition("=")
                pairs.append((name, value))
                is_open = True
            elif set(word) <= set(SEPARATORS):
                is_open = False
            elif is_open:
                name, value = pairs[-1]
                pairs[-1] = name, f"{value} {word}".strip()
        return tuple(pairs)

    def options(self) -> dict[str, str]:
        """Return the options by name in lower case, without the dashes; the last one counts."""
        return {name[2:].lower(): value for name, value in self.pairs()}


def started(command: Sequence[str], env: Mapping[str, str], read: ReadFile = lambda _: "") -> Started:
    """Return what a command starts.

    In the script of `sh -c`, variables and `$(cat FILE)` are replaced; `read` returns a file of the container.
    """
    words: list[str] = []
    variables = dict(env)
    previous = ""
    for word in command:
        words += _script(word, variables, read) if SHELL_SCRIPT.fullmatch(previous) else [word]
        previous = word
    return Started(tuple(words), variables)


def _script(script: str, variables: MutableMapping[str, str], read: ReadFile) -> list[str]:
    files: list[str] = []

    def mark(match: re.Match[str]) -> str:
        files.append((match[1] or match[2]).strip("\"'"))
        return f"{_MARK}{len(files) - 1}{_MARK}"

    def expand(word: str) -> str:
        word = _expand(word, variables)
        return re.sub(
            f"{_MARK}(\\d+){_MARK}", lambda m: read(_expand(files[int(m[1])], variables)).rstrip("\r\n"), word
        )

    words = []
    for token in _split(_READ_FILE.sub(mark, script)):
        word = expand(token)
        if assigned := _ASSIGNED.fullmatch(word):
            variables[assigned[1]] = assigned[2]
        words.append(word)
    return words


def _split(script: str) -> list[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars=SEPARATORS)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:  # a quote without its end
        return script.split()


def _expand(word: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return variables.get(match["name"] or match["braced"], "") or match["default"] or ""

    return _VARIABLE.sub(value, word)
