"""Keys that expire before the horizon: they are compared by the minute of their expiry, while that minute is ahead.

A minute that has begun may have lost keys on one side only, so it says nothing.
"""

from __future__ import annotations

import calendar
import re
import time

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.stores.redis.keys import Key

MINUTE = 60_000
MARGIN = MINUTE
"""Milliseconds that a minute must be ahead: the clocks of two servers on one host do not differ by more."""
OWN = b"omnimind:"
"""Beginning of the keys of OmniMind's backends. The native ones write short-lived keys while the data is compared."""
FACT = re.compile(r"db \d+: keys that expire in the minute of (\S+)")


def fact_of(key: Key) -> str | None:
    """Return the name of the fact that covers a key that expires soon; None for the backends' own keys."""
    if key.name.startswith(OWN):
        return None
    minute = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(key.expires // MINUTE * 60))
    return f"db {key.db}: keys that expire in the minute of {minute}"


def without_past(fingerprint: Fingerprint, now: int) -> Fingerprint:
    """Return the fingerprint without the minutes that are not ahead of `now` (unix milliseconds)."""
    return Fingerprint(
        fingerprint.store,
        {name: count for name, count in fingerprint.counts.items() if _is_ahead(name, now)},
        {name: digest for name, digest in fingerprint.digests.items() if _is_ahead(name, now)},
    )


def has_minutes(fingerprint: Fingerprint) -> bool:
    """Return whether any fact is about keys that expire soon."""
    return any(map(FACT.fullmatch, fingerprint.counts))


def _is_ahead(name: str, now: int) -> bool:
    minute = FACT.fullmatch(name)
    return not minute or calendar.timegm(time.strptime(minute[1], "%Y-%m-%dT%H:%MZ")) * 1000 >= now + MARGIN
