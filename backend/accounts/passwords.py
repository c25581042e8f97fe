"""Passwords: argon2id, one at a time in a thread of its own, so that many logins at once take neither the event loop
nor the memory of the host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Result = TypeVar("Result")
SHORTEST, LONGEST = 12, 256
"""Characters of a password: long enough not to need rules about signs, short enough not to be work."""
MEMORY_KIB = 32 * 1024
"""For one check. Six workers that check at once take 192 MiB together; OWASP asks for at least 19 MiB with two passes.
"""
PASSES = 3


class Passwords:
    """Makes and checks hashes.

    A hash made with other parameters still checks; `is_outdated` says that it should be made anew.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._run(_hasher().hash, password)

    async def check(self, stored: str | None, password: str) -> bool:
        """Tell whether it is the password; None, for a user that does not exist, takes as long as any and is False."""
        if not self._nobody:
            self._nobody = await self.hash("nobody has this password")
        is_right = await self._run(_is_right, stored or self._nobody, password)
        return is_right and stored is not None

    @staticmethod
    def is_outdated(stored: str) -> bool:
        """Tell whether it was made with other parameters than today's."""
        return _hasher().check_needs_rehash(stored)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., Result], *words: str) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *words)


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


def _is_right(stored: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
