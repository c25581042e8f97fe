"""The steps that move Redis' data. Pure.

A `hot` source is copied into the native server before the cutover; only its port is opened then. Otherwise a dump is
placed where the native server loads it.
"""

from __future__ import annotations

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.payloads import (
    Act,
    ContainersPayload,
    LiveRedisPayload,
    OpenRedisPayload,
    Payload,
    PlacePayload,
    ProveRedisBackupPayload,
    RedisPayload,
    SaveRedisPayload,
)
from omnimind_ops.model.plan import Step, Undo
from omnimind_ops.planning.source import RedisSource, Source


def warm(source: Source, goal: Goal) -> list[Step]:
    """Return the steps before the cutover. They are the last: their copy must not become old."""
    redis = source.redis
    if redis is None or redis.way == "empty":
        return []
    if redis.backup:
        loaded = ProveRedisBackupPayload(redis.backup, redis.target_version)
        title = "load the backup in Redis and read every key"
        return [Step.of("prove-redis-backup", loaded, title, Undo.KEPT, "warm")]
    payload = LiveRedisPayload(redis.host, redis.port, redis.password_of, redis.way, _folder(redis, goal))
    title = f"copy Redis' data while it is in use ({redis.way}: {redis.reason})"
    copy = Step.of("warm-redis", payload, title, Undo.KEPT, "warm")
    if not redis.hot:
        return [copy]
    clear = PlacePayload(goal.redis_dir, inside=goal.redis_dir in source.inside or None, empty=True)
    title = "begin with an empty Redis; data that it had is kept"
    return [Step.of("clear-redis", clear, title, Undo.UNTIL_FINISH, "warm"), copy]


def take(redis: RedisSource, goal: Goal | None = None) -> RedisPayload:
    """Return the payload of the step that copies what has changed, or everything."""
    return RedisPayload(
        redis.host,
        redis.port,
        redis.password_of,
        redis.way,
        redis.save_first,
        redis.backup,
        redis.target_version,
        _folder(redis, goal) if goal else None,
    )


def hand_over(source: Source, goal: Goal) -> list[Step]:
    """Return the last steps before the other native services start: clients of Redis wait only for these."""
    redis = source.redis
    if not (redis and redis.hot):
        return []
    version = redis.target_version if goal.redis.append_only else None
    opened = OpenRedisPayload(goal.redis_dir, goal.redis_port, version)
    graces = source.graces_of((redis.container,))
    stop = ContainersPayload(Act.STOP, (redis.container,), redis.published, graces=graces)
    return [
        _at_cutover("take-redis", take(redis, goal), "hold Redis' writes and copy the last changes", Undo.KEPT),
        _at_cutover("stop-redis", stop, "stop the old Redis and wait for its port"),
        _at_cutover("open-redis", opened, "open the native Redis"),
    ]


def save(source: Source, goal: Goal) -> list[Step]:
    """Return the step that waits for the native server's first dump."""
    if not (source.redis and source.redis.hot):
        return []
    title = "wait until the native Redis has saved its data"
    return [Step.of("save-redis", SaveRedisPayload(goal.redis_dir), title, Undo.KEPT, "verify")]


def _at_cutover(name: str, payload: Payload, title: str, undo: Undo = Undo.UNTIL_FINISH) -> Step:
    return Step.of(name, payload, title, undo, "cutover")


def _folder(redis: RedisSource, goal: Goal) -> str | None:
    return goal.redis_dir if redis.hot else None
