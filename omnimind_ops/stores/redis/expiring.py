"""Keys and hash fields that expire before the horizon. They are compared in groups by their expiry, while a group is
ahead.

A group covers one second of the first ten minutes, ten seconds afterwards. A group that has begun may have lost keys on
one side only, so it says nothing: its keys have expired meanwhile, and are counted as expired.
"""

from __future__ import annotations

import calendar
import re
import time
from collections import Counter

from omnimind_ops.model.data import Fingerprint

GRACE = 3600.0
"""Seconds from the first fingerprint to the horizon."""
MARGIN = 1000
"""Milliseconds that a group must be ahead: both servers have this host's clock, and read it a little late."""
NEAR, FINE, COARSE = 600_000, 1000, 10_000
"""The first NEAR milliseconds have groups of FINE milliseconds, the rest of COARSE."""
OWN = (b"omnimind:rate:", b"omnimind:health:")
"""Beginnings of the keys with a short life that native backends and health checks write while the data is compared."""
FACT = re.compile(r"db \d+: (?:keys|hash fields) that expire from (\S+)( below \S+)?")
EXPIRING = "keys and hash fields that expire soon"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def fact_of(db: int, what: str, expires: int, horizon: int, suffix: str = "") -> str:
    """Return the name of the fact for "keys" or "hash fields" that expire at this time (unix milliseconds)."""
    width = FINE if expires < horizon - GRACE * 1000 + NEAR else COARSE
    begin = time.strftime(_FORMAT, time.gmtime(expires // width * width // 1000))
    return f"db {db}: {what} that expire from {begin}{suffix}"


def is_own(name: bytes) -> bool:
    """Return whether native services write such a key for a short time."""
    return name.startswith(OWN)


def without_past(fingerprint: Fingerprint, now: int) -> Fingerprint:
    """Return the fingerprint without the groups that are not ahead of `now` (unix milliseconds)."""
    return Fingerprint(
        fingerprint.store,
        {name: count for name, count in fingerprint.counts.items() if _is_ahead(name, now)},
        {name: digest for name, digest in fingerprint.digests.items() if _is_ahead(name, now)},
    )


def expired(fingerprint: Fingerprint, now: int) -> int:
    """Return how many keys and hash fields are in groups that are not ahead of `now`."""
    return sum(count for name, count in fingerprint.counts.items() if not _is_ahead(name, now))


def summarized(fingerprint: Fingerprint) -> Fingerprint:
    """Return the fingerprint with all groups added up, for the receipt."""
    counts = Counter({name: count for name, count in fingerprint.counts.items() if not FACT.fullmatch(name)})
    digests = {name: digest for name, digest in fingerprint.digests.items() if not FACT.fullmatch(name)}
    groups = [int(digest, 16) for name, digest in fingerprint.digests.items() if FACT.fullmatch(name)]
    if groups:
        counts[EXPIRING] = sum(count for name, count in fingerprint.counts.items() if FACT.fullmatch(name))
        digests[EXPIRING] = f"{sum(groups) % (1 << 128):032x}"
    return Fingerprint(fingerprint.store, dict(counts), digests)


def _is_ahead(name: str, now: int) -> bool:
    group = FACT.fullmatch(name)
    return not group or calendar.timegm(time.strptime(group[1], _FORMAT)) * 1000 >= now + MARGIN
