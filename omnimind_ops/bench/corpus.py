"""Texts of every embedding benchmark: generated prose, the same on every machine, with the lengths of a real document
store.

Half are sentences, a third paragraphs, the rest long: median 40 words, mean 68, at most 350. With the tokeniser of
all-MiniLM-L6-v2 they have about 59 tokens in the median, 98 in the upper quartile, and every seventh text exceeds its
limit of 256. Words and sentence patterns are in vocabulary.py.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

from omnimind_ops.bench.vocabulary import OPENINGS, PATTERNS, WORDS

VERSION = 1
"""Changes whenever a text changes; results of different versions are not compared."""
LENGTHS = ((0.0, 6), (0.10, 10), (0.25, 17), (0.50, 40), (0.75, 63), (0.85, 90), (0.856, 172), (0.90, 238), (1.0, 350))
"""Cumulative share of texts and their maximum number of words, with linear interpolation."""


def texts(n: int = 1000, seed: int = 20261123, version: int = VERSION) -> list[str]:
    """Return n texts, not sorted by length; the same for the same arguments on every Python."""
    if version != VERSION:
        raise ValueError(f"there is no corpus of version {version}; this is {VERSION}")
    if n < 1:
        raise ValueError(f"a corpus has at least one text, not {n}")
    dice = random.Random(seed)  # noqa: S311 repeatable on purpose
    chance = dice.random  # the only method whose sequence Python guarantees
    lengths = [_words((number + 0.5) / n) for number in range(n)]
    order = sorted(range(n), key=lambda _: chance())
    return [_text(lengths[at], chance) for at in order]


def _words(share: float) -> int:
    for (low, fewest), (high, most) in pairwise(LENGTHS):
        if share <= high:
            return round(fewest + (most - fewest) * (share - low) / (high - low))
    return LENGTHS[-1][1]


def _text(words: int, chance: Callable[[], float]) -> str:
    """Return sentences with `words` words in total; the last sentence is cut if needed."""
    made: list[str] = []
    while len(made) < words:
        made += _sentence(chance).split()
    return " ".join(made[:words]).rstrip(",;:–") + ("" if made[words - 1].endswith((".", "?", "!")) else ".")


def _sentence(chance: Callable[[], float]) -> str:
    said = _pick(PATTERNS, chance)
    if chance() < 0.25:
        said = f"{_pick(OPENINGS, chance)} {said}"
    while "{" in said:
        before, _, rest = said.partition("{")
        kind, _, after = rest.partition("}")
        said = before + (_number(kind, chance) if kind in _NUMBERS else _pick(WORDS[kind], chance)) + after
    said = _BEFORE_VOWEL.sub(r"\1n", said)
    return said[0].upper() + said[1:]


_BEFORE_VOWEL = re.compile(r"\b([Aa])(?= (?!uni|one|eu)[aeiou])")
_NUMBERS = {"count": (2, 90), "year": (1780, 2026), "size": (100, 9900)}


def _number(kind: str, chance: Callable[[], float]) -> str:
    low, high = _NUMBERS[kind]
    return str(low + int(chance() * (high - low)))


def _pick(words: tuple[str, ...], chance: Callable[[], float]) -> str:
    return words[int(chance() * len(words))]
