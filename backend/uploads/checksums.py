"""Checksums of request bodies: Content-Digest (RFC 9530) and the older Digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from backend.http.errors import ApiProblem

ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
ENTRY = re.compile(r"([A-Za-z0-9-]+)=(:[A-Za-z0-9+/=]*:|[A-Za-z0-9+/=]+)")


class Checksum:
    """The expected checksum of a body: `update` it with the data, then `check` it.

    It passes if the request declared none.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        entries = [entry for name in ("content-digest", "digest") if name in headers for entry in _parse(headers[name])]
        self._expected = {name: value for name, value in entries if name in ALGORITHMS}
        if entries and not self._expected:
            names = ", ".join(name for name, _ in entries)
            raise ApiProblem(
                400,
                "the checksum cannot be checked",
                f"{names} is not supported",
                fix="send sha-256 or sha-512",
                headers={"Want-Content-Digest": "sha-256=10"},
            )
        self._hashes = {name: ALGORITHMS[name]() for name in self._expected}

    def update(self, data: bytes) -> None:
        """Add data of the body."""
        for digest in self._hashes.values():
            digest.update(data)

    def check(self) -> None:
        """Raise 422 if the body does not match."""
        for name, expected in self._expected.items():
            require_equal(name, expected.hex(), self._hashes[name].hexdigest())


def require_equal(name: str, expected: str, actual: str) -> None:
    """Raise 422 if two checksums in hex differ."""
    if expected.lower() != actual:
        raise ApiProblem(
            422,
            "the checksum does not match",
            f"expected {name} {expected.lower()}, received {actual}",
            fix="send it again",
            more={"expected": expected.lower(), "found": actual},
        )


def _parse(header: str) -> list[tuple[str, bytes]]:
    matches = ENTRY.findall(header)
    try:
        entries = [(name.lower(), base64.b64decode(value.strip(":"), validate=True)) for name, value in matches]
    except binascii.Error as error:
        raise _unreadable(header) from error
    if not entries:
        raise _unreadable(header)
    return entries


def _unreadable(header: str) -> ApiProblem:
    return ApiProblem(
        400,
        "the checksum cannot be read",
        f"{header[:200]!r} is not a valid digest",
        fix="send Content-Digest: sha-256=:BASE64:",
    )
