"""Chunks: nothing is lost, nothing too long, borders where a reader would put them."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from backend.documents.chunking import MAX_CHARS, split

PARTS = (
    "word",
    "Ünïcödé",
    "a.",
    "End! ",
    "\n\n",
    "\n",
    " ",
    "  ",
    "漢字。",
    "e\u0301",
    " A whole sentence here. ",
    "👩‍👩‍👧",
    "x" * 1400,
)


def random_text(seed: int) -> str:
    choose = random.Random(seed)
    return "".join(choose.choices(PARTS, k=choose.randint(0, 500)))


@pytest.mark.parametrize(("size", "overlap"), [(50, 0), (200, 40), (1000, 0), (1000, 100), (1000, 5000)])
def test_no_character_is_lost_and_no_chunk_is_too_long(size: int, overlap: int) -> None:
    for seed in range(60):
        text = random_text(seed)
        result = split(text, size=size, overlap=overlap)
        assert all(0 < len(item) <= size and item == item.strip() for item in result)
        whole, reached = without_blanks(text), 0
        for entry in map(without_blanks, result):  # each goes on where the one before ended, or repeats some of it
            repeated = next(
                count for count in range(min(reached, overlap) + 1) if whole.startswith(entry, reached - count)
            )
            assert len(entry) > repeated
            reached += len(entry) - repeated
        assert reached == len(whole)


def without_blanks(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_a_short_text_is_one_chunk_and_a_blank_one_is_none() -> None:
    assert split(" a text \n") == ["a text"]
    assert split(" \n\t ") == []
    assert split("") == []
    assert split("x" * MAX_CHARS) == ["x" * MAX_CHARS]


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    paragraphs = [f"Paragraph {number}. " + "Some words. " * 40 for number in range(6)]
    result = split("\n\n".join(paragraphs))
    assert [item.split("\n\n")[0][:12] for item in result][0] == "Paragraph 0."
    assert all(entry.startswith("Paragraph ") for entry in result)


def test_sentences_are_kept_whole_where_a_paragraph_is_too_long() -> None:
    result = split("This sentence is one of very many of its kind. " * 100)
    assert all(item.startswith("This sentence") and item.endswith("kind.") for item in result)


def test_chinese_sentences_end_without_a_space() -> None:
    result = split("这是一个没有空格的句子。" * 200)
    assert all(item.endswith("。") for item in result)


def test_the_overlap_is_whole_words_of_the_chunk_before() -> None:
    words = " ".join(f"w{number}" for number in range(1000))
    result = split(words, overlap=100)
    for item, following in zip(result, result[1:], strict=False):
        shared = following[: following.index(item.split()[-1]) + len(item.split()[-1])]
        assert item.endswith(shared)
        assert 0 < len(shared) <= 100


def test_an_accent_stays_with_its_letter() -> None:
    assert not any(unicodedata.combining(part[0]) for part in split("e\u0301" * 3000))
