"""A request's body, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from omnimind_ops.embedded.qdrant.errors import ApiError, invalid

from . import position
from .compound import clean
from .types import Mismatch, Type


class Placing(Enum):
    """What the real server says about where an unfit value stands; it depends on how it reads this request."""

    VALUE = "the value's end"
    BODY = "the body's end"
    NOWHERE = "nothing"


@dataclass(frozen=True)
class Request:
    """The type of one request."""

    type: Type
    placing: Placing = Placing.BODY
    tidy: bool = False
    """Whether what is kept is only what the type knows."""

    def parse(self, body: bytes) -> Any:
        """The JSON of the body; ApiError when it is none or not of this type."""
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ApiError(400, f"Format error in JSON body: {_broken(body, error)}") from None
        try:
            self.type.read(value, ())
        except Mismatch as mismatch:
            raise ApiError(400, f"Format error in JSON body: {mismatch}{self._place(body, mismatch)}") from None
        broken = [(name.removeprefix("."), text) for name, text in self.type.check(value, "")]
        if broken:
            raise invalid("JSON body", broken)
        return clean(self.type, value) if self.tidy else value

    def _place(self, body: bytes, mismatch: Mismatch) -> str:
        text = body.decode(errors="replace")
        if self.placing is Placing.VALUE:
            return position.of_value(text, mismatch.at, mismatch.inside)
        return position.in_words(text, len(text.rstrip())) if self.placing is Placing.BODY else ""


def _broken(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What is wrong with something that is no JSON."""
    text = body.decode(errors="replace")
    at = min(error.pos, len(text))
    if at >= len(text.rstrip()):
        return f"EOF while parsing a value{position.in_words(text, len(text.rstrip()))}"
    return f"expected value{position.in_words(text, at + 1)}"
