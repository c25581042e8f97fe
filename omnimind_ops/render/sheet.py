"""Sheet: the width, height and characters that a drawing has to fit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sheet:
    """The drawing area: width, height, whether only ASCII can be shown, and the time (monotonic)."""

    width: int
    height: int
    at: float
    ascii: bool = False
