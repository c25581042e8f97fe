"""The composition root: which handler does which kind of step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from omnimind_ops import credentials
from omnimind_ops.flows import handover
from omnimind_ops.flows.container_endpoints import qdrant_endpoint, redis_endpoint, running
from omnimind_ops.flows.way_back import WayBack
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths
from omnimind_ops.runner.run import Handlers, by_kind
from omnimind_ops.steps.carry_folder import CarryFolderStep
from omnimind_ops.steps.carry_redis import LoadRedisStep, ParkRedisStep
from omnimind_ops.steps.containers import ContainersStep
from omnimind_ops.steps.copy import CopyStep
from omnimind_ops.steps.export import ExportStep
from omnimind_ops.steps.fingerprint import FingerprintStep
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.program import ProgramStep
from omnimind_ops.steps.prove import ProveStep
from omnimind_ops.steps.prove_backup import ProveBackupStep
from omnimind_ops.steps.read_native import ReadNativeStep
from omnimind_ops.steps.redis import PlaceStep, RedisStep
from omnimind_ops.steps.redis_users import RedisUsersStep
from omnimind_ops.steps.start_containers import StartContainersStep
from omnimind_ops.steps.stop_units import StopUnitsStep
from omnimind_ops.steps.timer import TimerStep
from omnimind_ops.steps.verify import VerifyStep
from omnimind_ops.steps.verify_old import VerifyOldStep


@contextmanager
def handlers(goal: Goal, paths: Paths, run: str, way_back: WayBack | None = None) -> Iterator[Handlers]:
    """Yield the handler of every kind; the pyinfra child process lives as long as the context.

    `way_back`: the preflight that an undo of this run passes first.
    """

    def secrets() -> credentials.Credentials:
        return credentials.load(paths)

    current = way_back.current if way_back else str
    with HostStep(goal) as host:
        yield by_kind(
            host,
            ProgramStep(paths),
            CopyStep(paths, run),
            ProveBackupStep(paths),
            ContainersStep(current=way_back.current, give_up=way_back.anyway) if way_back else ContainersStep(),
            FingerprintStep(),
            RedisStep(paths),
            RedisUsersStep(paths),
            PlaceStep(paths, run),
            TimerStep(paths, run, handover.timer_command(paths), lambda: datetime.now(UTC)),
            ProveStep(goal, secrets),
            VerifyStep(goal, secrets),
            StopUnitsStep(),
            ExportStep(),
            ReadNativeStep(goal, secrets),
            CarryFolderStep(),
            ParkRedisStep(),
            StartContainersStep(current),
            LoadRedisStep(lambda id: redis_endpoint(running(current(id)))),
            VerifyOldStep(
                lambda id: qdrant_endpoint(running(current(id))), lambda id: redis_endpoint(running(current(id)))
            ),
        )
