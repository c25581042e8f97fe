"""SCRAM-SHA-256 (RFC 7677), the client's side, without channel binding."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache


class Scram:
    """One login; call first(), then proof(), then verify()."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._bare = f"n=,r={base64.b64encode(os.urandom(18)).decode()}"
        self._server = b""

    def first(self) -> bytes:
        """Return the first message with the client nonce. PostgreSQL takes the user name from the start-up packet."""
        return f"n,,{self._bare}".encode()

    def proof(self, challenge: bytes) -> bytes:
        """Return the reply to the server's nonce, salt and number of iterations."""
        fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not fields["r"].startswith(self._bare.partition("r=")[2]):
            raise ConnectionError("answers another login")
        salted = _salted(self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        plain = f"c=biws,r={fields['r']}"
        signed = f"{self._bare},{challenge.decode()},{plain}".encode()
        key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(key).digest(), signed)
        self._server = _hmac(_hmac(salted, b"Server Key"), signed)
        proof = bytes(left ^ right for left, right in zip(key, signature, strict=True))
        return f"{plain},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, final: bytes) -> None:
        """Check that the server also knows the password."""
        if not hmac.compare_digest(final, b"v=" + base64.b64encode(self._server)):
            raise ConnectionError("does not know the password: it is another server")


@lru_cache(maxsize=4)
def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")
