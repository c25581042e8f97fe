"""Options in a container's command, also in a shell's script. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

_NAME = re.compile(r"--[A-Za-z][\w-]*")


def flags(command: Sequence[str], env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the options with their values: ("--save", "60 1"), ("--appendonly", "yes"); each name once per value."""
    return tuple(dict.fromkeys(_pairs([word for part in command for word in _words(part, env)])))


def _words(word: str, env: Mapping[str, str]) -> list[str]:
    if " --" not in word:
        return [word]
    try:
        words = shlex.split(word)
    except ValueError:
        words = word.split()
    return [re.sub(r"\$\{?([A-Za-z_]\w*)\}?", lambda match: env.get(match[1], match[0]), part) for part in words]


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    name, values = "", list[str]()
    for word in (*words, ""):
        starts = _NAME.match(word)
        if starts or not word:
            if name:
                yield name, " ".join(values)
            name, _, value = word.partition("=") if starts else ("", "", "")
            values = [value] if value else []
        elif name:
            values.append(word)
