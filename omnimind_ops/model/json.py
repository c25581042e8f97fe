"""The type of any value that JSON can represent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

JSON = str | int | float | bool | None | Mapping[str, "JSON"] | Sequence["JSON"]
