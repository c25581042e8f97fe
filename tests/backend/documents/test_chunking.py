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
        found = split(text, size=size, overlap=overlap)
        assert all(0 < len(one) <= size and one == one.strip() for one in found)
        whole, reached = without_blanks(text), 0
        for one in map(without_blanks, found):  # each goes on where the one before ended, or repeats some of it
            repeated = next(
                count for count in range(min(reached, overlap) + 1) if whole.startswith(one, reached - count)
            )
            assert len(one) > repeated
            reached += len(one) - repeated
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
    found = split("\n\n".join(paragraphs))
    assert [one.split("\n\n")[0][:12] for one in found][0] == "Paragraph 0."
    assert all(one.startswith("Paragraph ") for one in found)


def test_sentences_are_kept_whole_where_a_paragraph_is_too_long() -> None:
    found = split("This sentence is one of very many of its kind. " * 100)
    assert all(one.startswith("This sentence") and one.endswith("kind.") for one in found)


def test_chinese_sentences_end_without_a_space() -> None:
    found = split("这是一个没有空格的句子。" * 200)
    assert all(one.endswith("。") for one in found)


def test_the_overlap_is_whole_words_of_the_chunk_before() -> None:
    words = " ".join(f"w{number}" for number in range(1000))
    found = split(words, overlap=100)
    for one, following in zip(found, found[1:], strict=False):
        shared = following[: following.index(one.split()[-1]) + len(one.split()[-1])]
        assert one.endswith(shared)
        assert 0 < len(shared) <= 100


def test_an_accent_stays_with_its_letter() -> None:
    assert not any(unicodedata.combining(one[0]) for one in split("e\u0301" * 3000))
