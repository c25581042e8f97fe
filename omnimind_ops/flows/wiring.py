"""The composition root: which handler does which kind of step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from omnimind_ops import credentials
from omnimind_ops.flows import handover
from omnimind_ops.flows.carry_steps import carry_steps
from omnimind_ops.flows.way_back import WayBack
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths
from omnimind_ops.runner.execution import Handlers, by_kind
from omnimind_ops.steps.ask import Ask, AskStep
from omnimind_ops.steps.backend_env import BackendEnvStep
from omnimind_ops.steps.containers import ContainersStep
from omnimind_ops.steps.copy import CopyStep
from omnimind_ops.steps.database import DatabaseStep
from omnimind_ops.steps.evidence import CheckEvidenceStep, NoteEvidenceStep
from omnimind_ops.steps.fingerprint import FingerprintStep
from omnimind_ops.steps.hidden_redis import HiddenUnit
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.live_redis import LiveRedis, LiveRedisStep
from omnimind_ops.steps.maintenance import MaintenanceStep
from omnimind_ops.steps.open_redis import OpenRedisStep, SaveRedisStep
from omnimind_ops.steps.program import ProgramStep
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.steps.prove_backup import ProveBackupStep
from omnimind_ops.steps.prove_redis_backup import ProveRedisBackupStep
from omnimind_ops.steps.redis import PlaceStep, RedisStep
from omnimind_ops.steps.redis_users import RedisUsersStep
from omnimind_ops.steps.timer import ConfirmTimeStep, RollbackTimer, TimerStep
from omnimind_ops.steps.verify import VerifyStep


@contextmanager
def handlers(
    goal: Goal, paths: Paths, run: str, way_back: WayBack | None = None, ask: Ask = lambda: None
) -> Iterator[Handlers]:
    """Yield the handler of every kind; the pyinfra child process lives as long as the context.

    `way_back`: the preflight that an undo of this run passes first. `ask`: that of the cutover.
    """

    def secrets() -> credentials.Credentials:
        return credentials.load(paths)

    timer = RollbackTimer(paths, run, handover.timer_command(paths), lambda: datetime.now(UTC))
    hidden = HiddenUnit(paths, secrets)
    with HostStep(goal) as host, LiveRedis(paths, hidden) as live_redis:
        yield by_kind(
            host,
            ProgramStep(paths),
            DatabaseStep(run),
            CopyStep(paths, run),
            ProveBackupStep(paths),
            ContainersStep(current=way_back.current, give_up=way_back.anyway) if way_back else ContainersStep(),
            MaintenanceStep(goal, paths),
            FingerprintStep(),
            RedisStep(paths, live_redis, way_back.current if way_back else str),
            NoteEvidenceStep(),
            CheckEvidenceStep(),
            RedisUsersStep(paths),
            BackendEnvStep(),
            ProveRedisBackupStep(paths),
            LiveRedisStep(live_redis),
            PlaceStep(paths, run),
            OpenRedisStep(paths, hidden),
            SaveRedisStep(paths, hidden),
            AskStep(ask),
            TimerStep(timer),
            ConfirmTimeStep(timer),
            ProveStep(goal, secrets),
            VerifyStep(goal, secrets, paths=paths),
            *carry_steps(goal, secrets, way_back.current if way_back else str),
        )
