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
    generator = random.Random(seed)  # noqa: S311 repeatable on purpose
    random_float = generator.random  # the only method whose sequence Python guarantees
    lengths = [_word_count((number + 0.5) / n) for number in range(n)]
    order = sorted(range(n), key=lambda _: random_float())
    return [_text(lengths[at], random_float) for at in order]


def _word_count(share: float) -> int:
    for (low, fewest), (high, most) in pairwise(LENGTHS):
        if share <= high:
            return round(fewest + (most - fewest) * (share - low) / (high - low))
    return LENGTHS[-1][1]


def _text(count: int, random_float: Callable[[], float]) -> str:
    """Return sentences with `count` words in total; the last sentence is cut if needed."""
    text_words: list[str] = []
    while len(text_words) < count:
        text_words += _sentence(random_float).split()
    return " ".join(text_words[:count]).rstrip(",;:–") + (
        "" if text_words[count - 1].endswith((".", "?", "!")) else "."
    )


def _sentence(random_float: Callable[[], float]) -> str:
    sentence = _pick(PATTERNS, random_float)
    if random_float() < 0.25:
        sentence = f"{_pick(OPENINGS, random_float)} {sentence}"
    while "{" in sentence:
        before, _, rest = sentence.partition("{")
        kind, _, after = rest.partition("}")
        sentence = (
            before + (_number(kind, random_float) if kind in _NUMBERS else _pick(WORDS[kind], random_float)) + after
        )
    sentence = _BEFORE_VOWEL.sub(r"\1n", sentence)
    return sentence[0].upper() + sentence[1:]


_BEFORE_VOWEL = re.compile(r"\b([Aa])(?= (?!uni|one|eu)[aeiou])")
_NUMBERS = {"count": (2, 90), "year": (1780, 2026), "size": (100, 9900)}


def _number(kind: str, random_float: Callable[[], float]) -> str:
    low, high = _NUMBERS[kind]
    return str(low + int(random_float() * (high - low)))


def _pick(choices: tuple[str, ...], random_float: Callable[[], float]) -> str:
    return choices[int(random_float() * len(choices))]
