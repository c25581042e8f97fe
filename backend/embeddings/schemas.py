"""Bodies of /v1/embeddings, /v1/models and /embed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_TEXTS = 4096


def _or_float(value: object) -> object:
    """Return the default for null: some clients send every parameter."""
    return "float" if value is None else value


class EmbeddingRequest(BaseModel):
    """What OpenAI's clients send. `user` is ignored; `dimensions` may only be the model's own."""

    model_config = ConfigDict(extra="ignore", strict=True)

    input: str | Annotated[list[str], Field(min_length=1, max_length=MAX_TEXTS)]
    model: str = "default"
    encoding_format: Annotated[Literal["float", "base64"], BeforeValidator(_or_float)] = "float"
    dimensions: int | None = None
    user: str | None = None

    @property
    def texts(self) -> list[str]:
        """Return the texts as a list, one or many."""
        return [self.input] if isinstance(self.input, str) else self.input


class Embedding(BaseModel):
    """One embedding: numbers, or base64 of float32, little-endian."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens after truncation."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """Embeddings in the order asked."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class ModelEntry(BaseModel):
    """One model; the last four are ours, beyond OpenAI's."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "omnimind"
    dimensions: int
    max_tokens: int
    device: str
    precision: str


class ModelList(BaseModel):
    """The models there are: the one that the engine has loaded."""

    object: Literal["list"] = "list"
    data: list[ModelEntry]


class EmbedRequest(BaseModel):
    """Texts to embed. With `truncate` false a text that is too long is refused; `encoding` is how an answer in JSON holds the numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    texts: Annotated[list[str], Field(min_length=1, max_length=MAX_TEXTS)]
    truncate: bool = True
    encoding: Literal["float", "base64"] = "float"


class EmbedAnswer(BaseModel):
    """Embeddings in the order asked; `truncated` says how many texts were cut to the model's `max_tokens`."""

    model: str
    model_digest: str
    dimensions: int
    count: int
    device: str
    tokens: int
    truncated: int
    max_tokens: int
    embeddings: list[list[float]] | list[str]
