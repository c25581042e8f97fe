"""Checksums of request bodies: Content-Digest (RFC 9530) and the older Digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

from backend.http.errors import ApiProblem

KNOWN = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
ENTRY = re.compile(r"([A-Za-z0-9-]+)=(:[A-Za-z0-9+/=]*:|[A-Za-z0-9+/=]+)")


class Checksum:
    """The expected checksum of a body: `update` it with the data, then `check` it.

    It passes if the request declared none.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        said = [entry for name in ("content-digest", "digest") if name in headers for entry in _entries(headers[name])]
        self._wanted = {name: value for name, value in said if name in KNOWN}
        if said and not self._wanted:
            names = ", ".join(name for name, _ in said)
            raise ApiProblem(
                400,
                "the checksum cannot be checked",
                f"{names} is not known here",
                fix="send sha-256 or sha-512",
                headers={"Want-Content-Digest": "sha-256=10"},
            )
        self._found = {name: KNOWN[name]() for name in self._wanted}

    def update(self, data: bytes) -> None:
        """Add data of the body."""
        for one in self._found.values():
            one.update(data)

    def check(self) -> None:
        """Raise 422 if the body does not match."""
        for name, wanted in self._wanted.items():
            compare(name, wanted.hex(), self._found[name].hexdigest())


def compare(name: str, wanted: str, found: str) -> None:
    """Raise 422 if two checksums in hex differ."""
    if wanted.lower() != found:
        raise ApiProblem(
            422,
            "the checksum does not match",
            f"{name} should be {wanted.lower()} and is {found}",
            fix="send it again",
            more={"expected": wanted.lower(), "found": found},
        )


def _entries(header: str) -> list[tuple[str, bytes]]:
    found = ENTRY.findall(header)
    try:
        entries = [(name.lower(), base64.b64decode(value.strip(":"), validate=True)) for name, value in found]
    except binascii.Error as error:
        raise _unreadable(header) from error
    if not entries:
        raise _unreadable(header)
    return entries


def _unreadable(header: str) -> ApiProblem:
    return ApiProblem(
        400, "the checksum cannot be read", f"{header[:200]!r} is none", fix="send Content-Digest: sha-256=:BASE64:"
    )
