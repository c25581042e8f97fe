"""The order of a migration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omnimind_ops.flows import migrate as flow
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Undo
from omnimind_ops.model.status import Status
from omnimind_ops.planning.migration import converge, copies, migrate
from omnimind_ops.planning.source import BackupToRestore, QdrantSource, RedisSource, Source
from omnimind_ops.runner.journal import Journal

QDRANT = QdrantSource("q", "http://127.0.0.1:6333", "", "/data/qdrant", "/qdrant/qdrant", "1.20.0")
REDIS = RedisSource("r", "127.0.0.1", 6379, "r", "rdb", "same version")
SOURCE = Source(
    "omnimind",
    ("q", "r", "b", "f"),
    ("b", "f"),
    ("q", "r"),
    (3000, 6333, 6379, 8000),
    ("/data/uploads",),
    QDRANT,
    REDIS,
)


def ids(source: Source) -> list[str]:
    return [step.id for step in migrate(source, Goal(), 10).steps]


def test_nothing_stops_before_everything_is_installed_and_copied_once() -> None:
    phases = [step.phase for step in migrate(SOURCE, Goal(), 10).steps]
    assert phases == sorted(phases, key=["install", "warm", "cutover", "verify"].index)


def test_timer_is_armed_before_any_container_is_touched() -> None:
    order = ids(SOURCE)
    assert order.index("arm-timer") < order.index("hold-containers") < order.index("stop-writers")


def test_what_the_stores_hold_is_read_after_the_writers_stopped_and_before_the_stores_do() -> None:
    order = ids(SOURCE)
    assert (
        order.index("stop-writers") < order.index("read-qdrant") < order.index("take-redis") < order.index("stop-data")
    )


def test_native_services_start_only_when_the_data_is_in_place() -> None:
    order = ids(SOURCE)
    for step in ("final-qdrant", "place-redis", "final-uploads-0"):
        assert order.index("stop-data") < order.index(step) < order.index("activate-units")


def test_a_backup_is_loaded_by_the_program_that_will_serve_it_before_anything_stops_and_compared_afterwards() -> None:
    backup = BackupToRestore("/b/shard.snapshot", "c", {"params": {"shard_number": 1}}, 1)
    source = replace(SOURCE, qdrant=replace(QDRANT, storage="", backup=backup))
    steps = {step.id: step for step in migrate(source, Goal(), 10).steps}
    order = list(steps)
    assert (
        order.index("take-qdrant")
        < order.index("install-qdrant")
        < order.index("warm-qdrant")
        < order.index("prove-backup")
        < order.index("arm-timer")
    )
    asked = {"backup": "/b/shard.snapshot", "collection": "c", "config": {"params": {"shard_number": 1}}}
    for name in ("warm-qdrant", "prove-backup"):
        assert {key: steps[name].args[key] for key in asked} == asked
    assert steps["prove-backup"].args["storage"] == steps["warm-qdrant"].args["incoming"]
    assert (steps["verify"].args["qdrant"], steps["verify"].args["backup"]) == (False, True)
    assert "read-qdrant" not in steps and "prove-backup" not in ids(SOURCE)


def test_redis_is_copied_while_it_serves_last_before_the_cutover_and_a_backup_of_it_is_not() -> None:
    order = ids(SOURCE)
    assert order.index("warm-redis") + 1 == order.index("ask-again") < order.index("take-redis")
    assert "warm-redis" not in ids(replace(SOURCE, redis=replace(REDIS, backup="/b/dump.rdb")))


def test_empty_redis_moves_nothing() -> None:
    empty = Source("omnimind", (), (), (), (), (), None, RedisSource("r", "", 0, "", "empty", "as asked"))
    assert not {"warm-redis", "take-redis", "place-redis"} & set(ids(empty))


def test_a_folder_that_is_a_mount_point_gets_its_copy_inside_it() -> None:
    inside = frozenset({"/var/lib/omnimind/uploads", "/var/lib/redis"})
    steps = {step.id: step.args for step in migrate(replace(SOURCE, inside=inside), Goal(), 10).steps}
    for name in ("warm-uploads-0", "final-uploads-0"):
        assert steps[name]["incoming"] == "/var/lib/omnimind/uploads/.omnimind/incoming"
    assert steps["final-qdrant"]["incoming"] == "/var/lib/qdrant/storage.incoming"
    assert steps["place-redis"] == {"redis_dir": "/var/lib/redis", "inside": True}
    plain = {step.id: step.args for step in migrate(SOURCE, Goal(), 10).steps}
    assert plain["place-redis"] == {"redis_dir": "/var/lib/redis"}


def test_several_upload_folders_do_not_overwrite_each_other() -> None:
    two = Source("omnimind", (), (), (), (), ("/a/files", "/b/files"), None, None)
    targets = [copy.target for copy in copies(two, Goal())]
    assert len(set(targets)) == 2 and all(target.startswith(Goal().uploads + "/") for target in targets)


def test_steps_of_the_cutover_can_be_taken_back() -> None:
    assert all(step.undo is not Undo.NO for step in migrate(SOURCE, Goal(), 10).steps)


def test_digest_changes_with_any_argument() -> None:
    assert migrate(SOURCE, Goal(), 10).digest != migrate(SOURCE, Goal(), 11).digest


def test_converge_touches_no_data() -> None:
    assert {step.kind for step in converge().steps} == {"host"}


def test_a_backup_of_redis_is_loaded_before_anything_stops_and_compared_afterwards() -> None:
    source = replace(SOURCE, redis=replace(REDIS, backup="/b/dump.rdb", target_version="7.0.15"))
    steps = {step.id: step for step in migrate(source, Goal(), 10).steps}
    order = list(steps)
    assert order.index("install-packages") < order.index("prove-redis-backup") < order.index("arm-timer")
    assert steps["prove-redis-backup"].args == {"backup": "/b/dump.rdb", "target_version": "7.0.15"}
    assert steps["verify"].args["redis"] and "place-redis" in steps
    assert "take-redis" not in steps and "prove-redis-backup" not in ids(SOURCE)


def test_a_migration_that_goes_on_follows_redis_again(tmp_path: Path) -> None:
    """The live copy ended with the process that made it; in the cutover it would have to be made while all wait."""
    with Journal(tmp_path / "journal.db") as journal:
        run = journal.create(migrate(SOURCE, Goal(), 10), {})
        for record in run.steps[: ids(SOURCE).index("take-redis")]:
            journal.mark(run.id, record.step.id, Status.DONE)
        again = flow.follow_redis_again(journal.run(run.id), journal)
        assert next(record.step.id for record in again.steps if record.status is Status.TODO) == "warm-redis"
        journal.mark(run.id, "warm-redis", Status.DONE)
        journal.mark(run.id, "take-redis", Status.DONE)
        after = flow.follow_redis_again(journal.run(run.id), journal)
        assert after.record("warm-redis").status is Status.DONE  # type: ignore[union-attr]


HOT = replace(REDIS, target_version="7.0.15", hot=True, published=(6379,))


def test_a_redis_that_can_be_handed_over_serves_until_everything_else_is_in_place() -> None:
    plan = migrate(replace(SOURCE, redis=HOT), Goal(), 10)
    steps = {step.id: step.args for step in plan.steps}
    order = list(steps)
    assert "place-redis" not in order and order.index("clear-redis") + 1 == order.index("warm-redis")
    at = order.index("take-redis")
    assert order[at - 1 : at + 4] == ["final-uploads-0", "take-redis", "stop-redis", "open-redis", "activate-units"]
    assert order.index("prove") < order.index("save-redis") < order.index("verify")
    assert steps["stop-data"]["ids"] == ["q"] and steps["stop-redis"]["ids"] == ["r"]
    assert 6379 not in steps["stop-data"]["ports"] and steps["stop-redis"]["ports"] == [6379]  # type: ignore[operator]
    assert {steps[name]["hidden"] for name in ("warm-redis", "take-redis")} == {"/var/lib/redis"}
    assert steps["clear-redis"] == {"redis_dir": "/var/lib/redis", "empty": True}
    assert steps["open-redis"] == {"redis_dir": "/var/lib/redis", "port": 6379}
    assert all(step.undo is not Undo.NO for step in plan.steps)


def test_a_port_of_redis_that_the_native_one_does_not_need_is_not_waited_for_while_it_serves() -> None:
    elsewhere = replace(SOURCE, ports=(3000, 6333, 6380, 8000), redis=replace(HOT, port=6380, published=(6380,)))
    steps = {step.id: step.args for step in migrate(elsewhere, Goal(), 10).steps}
    assert steps["stop-data"]["ports"] == [3000, 6333, 8000] and steps["stop-redis"]["ports"] == [6380]
