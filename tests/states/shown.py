"""Which cells of the table a test on a host shows as well; docs/run-states.md links them."""

from __future__ import annotations

from omnimind_ops.planning.run_cells import Trigger as T
from omnimind_ops.planning.situation import Situation as S

KILLED, MIGRATION, WAY_BACK, CUTOVER = (
    f"tests/e2e/test_{name}.py" for name in ("killed", "migration", "way_back", "cutover")
)

ON_HOSTS = {
    (S.AT_WORK, T.KILL): KILLED,
    (S.WARM, T.MIGRATE): KILLED,
    (S.POSTPONED, T.MIGRATE): KILLED,
    (S.CUTOVER, T.RESUME): KILLED,
    (S.FAILED, T.ANYWAY): KILLED,
    (S.LOST, T.ROLLBACK): KILLED,
    (S.CARRYING, T.UP): WAY_BACK,
    (S.CARRYING, T.RESUME): WAY_BACK,
    (S.UNCONFIRMED, T.CONFIRM): CUTOVER,
    (S.ARRIVING, T.MIGRATE): KILLED,
    (S.ARRIVING, T.ROLLBACK): KILLED,
    (S.UNCONFIRMED, T.ROLLBACK): KILLED,
    (S.RETURNING, T.REBOOT): KILLED,
    (S.RETURNING, T.RESUME): KILLED,
    (S.ROLLED_BACK, T.MIGRATE): KILLED,
    (S.ROLLED_BACK, T.FINISH): KILLED,
    (S.ROLLED_BACK, T.RUNS): KILLED,
    (S.ROLLED_BACK, T.RECEIPT): KILLED,
    (S.UNCONFIRMED, T.GONE): WAY_BACK,
    (S.UNCONFIRMED, T.MIGRATE): WAY_BACK,
    (S.CONFIRMED, T.NO_DOCKER): WAY_BACK,
    (S.CONFIRMED, T.RECREATED): WAY_BACK,
    (S.CONFIRMED, T.FINISH): WAY_BACK,
    (S.CONFIRMED, T.ROLLBACK): KILLED,
    (S.CONFIRMED, T.MIGRATE): MIGRATION,
    (S.CONFIRMED, T.CONVERGE): MIGRATION,
    (S.CONFIRMED, T.DOWN): MIGRATION,
    (S.CONFIRMED, T.UP): MIGRATION,
    (S.CONFIRMED, T.RESTART): MIGRATION,
    (S.CONFIRMED, T.HEALTH): MIGRATION,
    (S.CONFIRMED, T.RECEIPT): MIGRATION,
    (S.CONFIRMED, T.REBOOT): MIGRATION,
    (S.FINISHED, T.ROLLBACK): "tests/e2e/test_variants.py",
}
