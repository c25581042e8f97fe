"""The type of anything that can be written as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

JSON = str | int | float | bool | None | Mapping[str, "JSON"] | Sequence["JSON"]
