"""A request's body, parsed and checked."""

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
    """Position that the real server reports for an invalid value; it depends on how it parses the request."""

    VALUE = "the value's end"
    BODY = "the body's end"
    NOWHERE = "nothing"


@dataclass(frozen=True)
class Request:
    """The type of one request."""

    type: Type
    placing: Placing = Placing.BODY
    tidy: bool = False
    """Whether fields that the type does not know are dropped."""

    def parse(self, body: bytes) -> Any:
        """Return the JSON of the body; ApiError when it is not JSON or not of this type."""
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
    """Return the error for a body that is not JSON."""
    text = body.decode(errors="replace")
    at = min(error.pos, len(text))
    if at >= len(text.rstrip()):
        return f"EOF while parsing a value{position.in_words(text, len(text.rstrip()))}"
    return f"expected value{position.in_words(text, at + 1)}"
