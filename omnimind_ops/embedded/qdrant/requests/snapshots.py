"""Location of a snapshot to recover from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .body import Placing, Request
from .compound import Maybe, Struct
from .types import Broken, Mismatch, Place, Plain, Text, Word

PRIORITY = Word(("no_sync", "snapshot", "replica"))
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class _Url(Plain):
    """A URL with a scheme."""

    def read(self, value: Any, at: Place) -> None:
        """Raise Mismatch for a URL without a scheme."""
        Text().read(value, at)
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
            raise Mismatch(f'relative URL without a base: "{value}"', at, inside=True)


@dataclass(frozen=True)
class Checksum(Text):
    """A SHA-256 in hex."""

    def check(self, value: Any, name: str) -> Iterator[Broken]:
        """Yield an error unless the text is a SHA-256."""
        if len(value) != 64:
            yield (
                name,
                f'Validation error: invalid_sha256_hash [{{"length": Number({len(value)}), "expected_length": Number(64)}}]',
            )
        elif not _HEX.fullmatch(value):
            yield name, "invalid characters, expected 0-9, a-f, A-F"


RECOVER = Request(
    Struct(
        "SnapshotRecover",
        {"location": _Url(), "priority": Maybe(PRIORITY), "checksum": Maybe(Checksum()), "api_key": Maybe(Text())},
    ),
    Placing.VALUE,
)
