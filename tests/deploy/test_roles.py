"""Roles against a fake host: what they would run, from what they find."""

from __future__ import annotations

import pytest
from pyinfra.api.exceptions import OperationError

from deploy import secrets
from deploy.deploy import ROLES, find
from deploy.roles import base, engine, packages, postgres, redis, units
from omnimind_ops.model import native, stages
from omnimind_ops.model.goal import Goal
from omnimind_ops.planning.migration import converge
from omnimind_ops.steps.units import PACKAGED

from .conftest import after, prepare

ALL = "P postgresql 15+248 installed\nP redis-server 5:7.0.15-1 installed\nP redis-tools 5:7.0.15-1 installed"
UP = "\n\n".join(
    f"Id={unit}\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n"
    "ExecMainStartTimestamp=Mon 2026-11-23 11:00:00 UTC\nStateChangeTimestamp="
    for unit in native.all_units(Goal())
)
NOON, TEN = 1795435200, 1795428000  # 2026-11-23 12:00 and 10:00 UTC
CLUSTER = "/etc/postgresql/15/main/postgresql.conf:port = 5432\t\t# (change requires restart)"


def test_a_plan_has_a_step_for_every_stage_that_a_role_has_and_for_no_other() -> None:
    assert {
        role: tuple(stage for stage in stages.STAGES if hasattr(ROLES[role], stage)) for role in ROLES
    } == stages.ROLES


def test_a_stage_that_an_earlier_version_had_does_nothing(goal: Goal) -> None:
    assert prepare(find("guard", "install"), goal).commands == []


def test_an_unknown_role_names_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"roles are base, packages, postgres"):
        find("mysql", "install")


def test_nothing_is_activated_before_everything_is_configured() -> None:
    order = [step.args["stage"] for step in converge().steps]
    assert order == sorted(order, key=stages.STAGES.index) and set(order) == set(stages.STAGES)


def test_install_holds_services_back_and_puts_the_guard_away_again(goal: Goal) -> None:
    script = prepare(packages.install, goal).shell
    command = (
        "exit 101",
        "systemctl mask postgresql.service redis-server.service",
        "$apt install postgresql redis-server redis-tools",
    )
    guard, mask, apt = (script.index(word) for word in command)
    assert max(guard, mask) < apt
    assert script.index("trap restore EXIT") < guard
    assert "DPkg::Lock::Timeout=120" in script
    assert "LC_ALL=C.UTF-8" in script


def test_installed_packages_are_left_alone(goal: Goal) -> None:
    assert prepare(packages.install, goal, {"dpkg-query": ALL}).changes == 0


def test_a_service_that_was_here_before_is_not_masked(goal: Goal) -> None:
    result = prepare(
        packages.install, goal, {"dpkg-query": "P redis-server 5:7.0.15-1 installed\nP postgresql 15+248 installed"}
    )
    assert "$apt install redis-tools\n" in result.shell
    assert "systemctl mask" not in result.shell


def test_of_two_services_only_the_new_one_is_masked(goal: Goal) -> None:
    result = prepare(packages.install, goal, {"dpkg-query": "P redis-server 5:7.0.15-1 installed"})
    assert "$apt install postgresql redis-tools\n" in result.shell
    assert {line for line in result.shell.splitlines() if line.startswith("systemctl mask")} == {
        "systemctl mask postgresql.service 2>&1"
    }
    assert result.lines == ["+ package postgresql", "+ package redis-tools"]


def test_every_package_that_brings_a_service_is_known_to_the_undo(goal: Goal) -> None:
    assert {package: unit for package, unit in {**postgres.PACKAGES, **redis.PACKAGES}.items() if unit} == PACKAGED


def test_all_packages_come_by_one_apt(goal: Goal) -> None:
    assert prepare(packages.install, goal).shell.count("if ! $apt install") == 1
    for role in set(ROLES) - {"packages"}:
        assert (
            "$apt" not in prepare(find(role, "install"), goal, {"stat -L": f"1 1 755 root {goal.qdrant_binary}"}).shell
        ), role


def test_a_guard_left_behind_is_removed(goal: Goal) -> None:
    script = prepare(packages.install, goal, {"dpkg-query": f"{ALL}\nG"}).shell
    assert "trap restore EXIT" in script
    assert "$apt" not in script


@pytest.mark.parametrize(
    ("version", "is_there"),
    [("5:6.0.16-1ubuntu1", False), ("5:6.2.7-1", True), ("5:7.0.15-1", True), ("5:8.0.2-3", True)],
)
def test_words_of_6_2_are_used_only_where_redis_knows_them(goal: Goal, version: str, is_there: bool) -> None:
    result = prepare(redis.configure, goal, {"dpkg-query": f"P redis-server {version} installed"})
    assert (b" &* " in result.uploads[0]) is (b"bind 127.0.0.1 -::1\n" in result.uploads[0]) is is_there


def test_redis_is_told_digests_not_passwords(goal: Goal) -> None:
    result = prepare(redis.configure, goal, {"dpkg-query": "P redis-server 5:7.0.15-1 installed"})
    assert f"#{secrets.sha256(secrets.MISSING)} ".encode() in result.uploads[0]
    assert b">" not in result.uploads[0]


def test_a_postgres_that_was_here_before_is_not_configured(goal: Goal) -> None:
    there = {"grep -HE": CLUSTER, "dpkg-query": "P postgresql 15+248 installed"}
    assert prepare(postgres.configure, goal, there).changes == 0
    assert (
        prepare(
            postgres.configure, goal, {**there, "dpkg-query": "P postgresql 15+248 installed\nR postgresql"}
        ).changes
        == 3
    )


def test_role_and_database_are_made_in_utf8_whatever_the_cluster_is(goal: Goal) -> None:
    result = prepare(postgres.activate, goal, {"grep -HE": CLUSTER, "pg_authid": "A 1 1", "systemctl show": UP})
    sql = result.uploads[0].decode()
    assert "TEMPLATE template0 ENCODING 'UTF8'" in sql
    assert "PASSWORD 'SCRAM-SHA-256$4096:" in sql
    assert "SCRAM" not in result.shell
    assert "-c" not in result.commands[-1].split("psql")[-1].split("<")[0]


def test_role_and_database_as_wanted_change_nothing(goal: Goal) -> None:
    verifier = secrets.scram(secrets.MISSING)
    held = f"R {verifier} t\nD UTF8 omnimind\nA 1 1"
    up = UP.replace("Id=redis-server", "Id=postgresql@15-main")
    assert prepare(postgres.activate, goal, {"grep -HE": CLUSTER, "pg_authid": held, "systemctl show": up}).changes == 0


def test_the_schema_is_brought_up_to_date_with_the_database_and_again_after_an_update(goal: Goal) -> None:
    held = {"grep -HE": CLUSTER, "pg_authid": f"R {secrets.scram(secrets.MISSING)} t\nD UTF8 omnimind\nA 1 1"}
    up = UP.replace("Id=redis-server", "Id=postgresql@15-main")
    down = up.replace(
        "Id=omnimind-migrate-db.service\nLoadState=loaded\nActiveState=active",
        "Id=omnimind-migrate-db.service\nLoadState=loaded\nActiveState=failed",
    )
    assert (
        "systemctl start omnimind-migrate-db.service"
        in prepare(postgres.activate, goal, {**held, "systemctl show": down}).shell
    )
    updated = prepare(
        postgres.activate, goal, {**held, "systemctl show": f"{up}\n\nPath={NOON} /opt/omnimind/venv"}
    ).shell
    assert [line for line in updated.splitlines() if line.startswith("systemctl restart")] == [
        "systemctl restart omnimind-migrate-db.service"
    ]


def test_a_database_in_another_encoding_is_refused(goal: Goal) -> None:
    held = {"grep -HE": CLUSTER, "pg_authid": "R x t\nD SQL_ASCII omnimind\nA 1 1", "systemctl show": UP}
    with pytest.raises(OperationError, match="SQL_ASCII, not UTF8"):
        prepare(postgres.activate, goal, held)


def test_a_lock_that_is_not_there_is_said_before_anything_is_built(goal: Goal) -> None:
    with pytest.raises(OperationError, match="no file of requirements"):
        prepare(engine.install, Goal(lock="rocm"))


def test_the_engine_loads_its_model_before_the_cutover_unless_a_container_may_hold_the_gpu(goal: Goal) -> None:
    down = {"systemctl show": UP.replace("active", "inactive")}
    assert "systemctl start omnimind-engine.service" in prepare(engine.activate, goal, down).shell
    assert prepare(engine.activate, Goal(gpu=True, lock="cu12"), down).changes == 0
    assert prepare(engine.activate, goal, {"systemctl show": UP}).changes == 0


def test_a_host_where_all_runs_is_left_alone(goal: Goal) -> None:
    assert prepare(units.activate, goal, {"systemctl show": UP}).changes == 0


def test_what_people_wait_for_starts_first_then_the_rest_in_one_call_and_enabling_comes_last(goal: Goal) -> None:
    script = prepare(
        units.activate, goal, {"systemctl show": UP.replace("active", "inactive").replace("=enabled", "=disabled")}
    ).shell
    first, rest = (line.split() for line in script.splitlines() if line.startswith("systemctl start "))
    assert {
        native.REDIS,
        native.QDRANT,
        "omnimind-8000@1.service",
        "omnimind-3001@1.service",
        *native.sockets(goal),
    } <= set(first)
    assert not {"omnimind-8000@2.service", native.GUARD} & set(first)
    assert rest == ["systemctl", "start", "omnimind.target"]
    assert script.count("systemctl enable ") == 1
    assert script.index("systemctl start omnimind.target") < script.index("systemctl enable")


def test_only_what_is_older_than_its_settings_is_restarted_one_worker_at_a_time(goal: Goal) -> None:
    fresh, old = f"\n\nPath={NOON} /opt/omnimind/venv", f"\nPath={TEN} /etc/qdrant/config.yaml"
    result = prepare(units.activate, goal, {"systemctl show": UP + fresh + old})
    restarts = [line for line in result.shell.splitlines() if line.startswith("systemctl restart")]
    assert restarts == [
        "systemctl restart omnimind-engine.service omnimind-frontend.service omnimind-guard.service",
        "systemctl restart omnimind-8000@1.service omnimind-8080@1.service omnimind-3001@1.service",
        "systemctl restart omnimind-8000@2.service omnimind-8080@2.service omnimind-3001@2.service",
    ]
    assert "systemctl start" not in result.shell


def test_systemd_is_reloaded_only_when_it_says_so(goal: Goal) -> None:
    written = after(prepare(units.configure, goal))
    assert prepare(units.configure, goal, {**written, "systemctl show": UP}).commands == []
    old = UP.replace("Reload=no", "Reload=yes", 1)
    assert prepare(units.configure, goal, {**written, "systemctl show": old}).commands == ["systemctl daemon-reload"]
    masked = old.replace("LoadState=loaded", "LoadState=masked", 1)
    assert prepare(units.configure, goal, {**written, "systemctl show": masked}).commands == []


def test_systemd_reads_a_target_that_has_just_been_written(goal: Goal) -> None:
    assert prepare(units.configure, goal, {"systemctl show": UP}).commands[-1] == "systemctl daemon-reload"


def test_users_have_a_group_of_their_own_and_no_shell(goal: Goal) -> None:
    result = prepare(base.install, goal)
    assert result.commands[:2] == [
        "groupadd -r omnimind",
        "useradd -d /var/lib/omnimind -s /usr/sbin/nologin -g omnimind -r -M omnimind",
    ]


def test_a_user_that_was_here_before_stays_as_it_is(goal: Goal) -> None:
    other = "omnimind:x:999:999::/home/omnimind:/bin/bash\nqdrant:x:998:998::/srv:/bin/sh"
    result = prepare(base.install, goal, {"getent": other})
    assert not {"useradd", "usermod", "groupadd"} & set(result.shell.split())


ACCOUNTS = (
    "omnimind:x:999:999::/var/lib/omnimind:/usr/sbin/nologin\nqdrant:x:998:998::/var/lib/qdrant:/usr/sbin/nologin"
)


@pytest.mark.parametrize(
    ("role", "stage"),
    [
        ("base", "install"),
        *(
            (role, "configure")
            for role in ("postgres", "redis", "qdrant", "engine", "backend", "frontend", "guard", "units")
        ),
    ],
)
def test_a_second_time_changes_nothing(role: str, stage: str, goal: Goal) -> None:
    packages = "P redis-server 5:7.0.15-1 installed\nP postgresql 15+248 installed\nR postgresql"
    there = {"getent": ACCOUNTS, "dpkg-query": packages, "grep -HE": CLUSTER, "systemctl show": UP}
    first = prepare(find(role, stage), goal, there)
    assert first.changes > 0
    assert prepare(find(role, stage), goal, {**there, **after(first)}).changes == 0
