"""Password hashing with argon2id, one hash at a time in a separate thread.

Many concurrent logins therefore neither block the event loop nor exhaust the host's memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Result = TypeVar("Result")
MIN_LENGTH, MAX_LENGTH = 12, 256
"""Password length in characters: long enough to need no rules about character classes, short enough to hash quickly."""
MEMORY_KIB = 32 * 1024
"""Memory per check, in KiB. Six workers checking at once use 192 MiB; OWASP requires at least 19 MiB with two passes.
"""
PASSES = 3


class Passwords:
    """Creates and checks password hashes.

    Hashes with other parameters still check; `is_outdated` reports that they should be renewed.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._dummy_hash = ""

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._run(_hasher().hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password is correct.

        For an unknown user (None), the check takes the same time and returns False.
        """
        if not self._dummy_hash:
            self._dummy_hash = await self.hash("no user has this password")
        is_correct = await self._run(_verify, stored or self._dummy_hash, password)
        return is_correct and stored is not None

    @staticmethod
    def is_outdated(stored: str) -> bool:
        """Return whether the hash was made with parameters other than the current ones."""
        return _hasher().check_needs_rehash(stored)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: Callable[..., Result], *args: str) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


def _verify(stored: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
