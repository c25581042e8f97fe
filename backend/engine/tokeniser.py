"""Tokenisation as in sentence-transformers, by the tokenizers library, which uses all cores and releases the GIL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.engine.folder import Folder
from omnimind_ops.model.problem import Problem

Ids = NDArray[np.int32]
CHARACTERS = 64
"""Characters per readable token that are tokenised first; enough to skip most of a long text."""


@dataclass(frozen=True)
class Tokens:
    """The token ids of one request's texts, with special tokens. `cut` marks the texts longer than the model reads."""

    ids: tuple[Ids, ...]
    cut: tuple[bool, ...]

    @property
    def total(self) -> int:
        """Return the total number of tokens."""
        return sum(map(len, self.ids))


class Tokeniser:
    """A folder's tokenizer. `encode` is thread-safe."""

    def __init__(self, folder: Folder) -> None:
        from tokenizers import Tokenizer, normalizers

        try:
            self._tokenizer = Tokenizer.from_file(str(folder.tokenizer))
        except Exception as error:  # the library raises no narrower exception
            raise Problem(
                f"cannot read {folder.tokenizer}", str(error), "save it again with a current transformers"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(folder.max_tokens)
        if folder.lower:
            configured = [self._tokenizer.normalizer] if self._tokenizer.normalizer else []
            self._tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *configured])
        self.max_tokens, self._prompt = folder.max_tokens, folder.prompt

    def encode(self, texts: Sequence[str], *, truncate: bool) -> Tokens:
        """Return the token ids.

        Without `truncate`, a text that is too long raises a ValueError with its index and length.
        """
        prompted = [self._prompt + text for text in texts] if self._prompt else texts
        beginnings = [self._beginning(text) for text in prompted]
        encodings = self._tokenizer.encode_batch_fast(beginnings)
        for at, encoding in enumerate(encodings):
            if (
                beginnings[at] is not prompted[at] and not encoding.overflowing
            ):  # mostly white space: the beginning was not enough
                encodings[at] = self._tokenizer.encode_batch_fast([prompted[at]])[0]
        cut = tuple(bool(encoding.overflowing) for encoding in encodings)
        if not truncate and any(cut):
            at = cut.index(True)
            length = len(encodings[at].ids) + sum(len(rest.ids) - 2 for rest in encodings[at].overflowing)
            raise ValueError(
                f"text {at} has {'more than ' if beginnings[at] is not prompted[at] else ''}{length} tokens; "
                f"the model's limit is {self.max_tokens}"
            )
        return Tokens(tuple(np.asarray(encoding.ids or [0], np.int32) for encoding in encodings), cut)

    def _beginning(self, text: str) -> str:
        """Return the whole words at the beginning of a text. Later words cannot change the tokens that are kept."""
        if len(text) <= CHARACTERS * self.max_tokens:
            return text
        parts = text[: CHARACTERS * self.max_tokens].rsplit(None, 1)
        return parts[0] if len(parts) == 2 else text
