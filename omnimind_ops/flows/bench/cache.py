"""The embedding cache of this machine's system.

The benchmark deletes its own texts from the cache before (cold) and after a measurement, which leaves the cache as it
was.
"""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.bench.compare import UNKNOWN
from omnimind_ops.flows.bench.options import BenchOptions
from omnimind_ops.flows.bench.target import Route, Target
from omnimind_ops.model.problem import Problem

SLICE = 1000


def mode(options: BenchOptions, target: Target, route: Route) -> str:
    """Return cold, warm or off; UNKNOWN for a backend that is not OmniMind's.

    A cache that cannot be cleaned up is not used; it is a Problem when the options ask for it.
    """
    if not route.is_omnimind:
        return UNKNOWN
    can_clean = target.world is not None and bool(target.world.redis_url)
    if options.cache in ("cold", "warm") and not can_clean:
        reason = "its cache entries could not be deleted afterwards: Redis' credentials are not available here"
        raise Problem(
            f"cannot measure with a {options.cache} cache",
            reason,
            "use --cache off, or run the command as root on the machine where the system runs",
        )
    return options.cache or ("cold" if can_clean else "off")


def delete_entries(target: Target, digest: str, texts: Sequence[str]) -> int:
    """Delete these texts' embeddings of that model from the cache; return how many were deleted."""
    if target.world is None or not target.world.redis_url:
        return 0
    import redis

    from backend.embeddings.cache import cache_key

    keys = [cache_key(digest, text) for text in texts]
    client = redis.Redis.from_url(target.world.redis_url, socket_timeout=10, socket_connect_timeout=5)
    try:
        return sum(int(client.unlink(*keys[at : at + SLICE])) for at in range(0, len(keys), SLICE))
    except redis.RedisError as error:
        raise Problem(
            "cannot clear the cache",
            f"Redis: {error}",
            "check Redis with `omnimind health`, or measure with --cache off",
        ) from error
    finally:
        client.close()
