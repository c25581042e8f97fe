"""The composition root: which handler does which kind of step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from omnimind_ops import credentials
from omnimind_ops.flows import handover
from omnimind_ops.flows.way_back import WayBack
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths
from omnimind_ops.runner.run import Handlers, by_kind
from omnimind_ops.steps.containers import ContainersStep
from omnimind_ops.steps.copy import CopyStep
from omnimind_ops.steps.evidence import CheckEvidenceStep, NoteEvidenceStep
from omnimind_ops.steps.fingerprint import FingerprintStep
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.live_redis import LiveRedis, LiveRedisStep
from omnimind_ops.steps.program import ProgramStep
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.steps.prove_backup import ProveBackupStep
from omnimind_ops.steps.redis import PlaceStep, RedisStep
from omnimind_ops.steps.redis_users import RedisUsersStep
from omnimind_ops.steps.timer import TimerStep
from omnimind_ops.steps.verify import VerifyStep


@contextmanager
def handlers(goal: Goal, paths: Paths, run: str, way_back: WayBack | None = None) -> Iterator[Handlers]:
    """Yield the handler of every kind; the pyinfra child process lives as long as the context.

    `way_back`: the preflight that an undo of this run passes first.
    """

    def secrets() -> credentials.Credentials:
        return credentials.load(paths)

    with HostStep(goal) as host, LiveRedis(paths) as live_redis:
        yield by_kind(
            host,
            ProgramStep(paths),
            CopyStep(paths, run),
            ProveBackupStep(paths),
            ContainersStep(current=way_back.current, give_up=way_back.anyway) if way_back else ContainersStep(),
            FingerprintStep(),
            NoteEvidenceStep(),
            CheckEvidenceStep(),
            RedisUsersStep(paths),
            LiveRedisStep(live_redis),
            RedisStep(paths, live_redis),
            PlaceStep(paths, run),
            TimerStep(paths, run, handover.timer_command(paths), lambda: datetime.now(UTC)),
            ProveStep(goal, secrets),
            VerifyStep(goal, secrets),
        )
