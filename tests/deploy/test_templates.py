"""Units and configurations: they render for every kind of goal, systemd has nothing to say about them, and they expose
little.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jinja2 import UndefinedError

from backend import settings
from backend.engine import settings as engine_settings
from deploy.render import of_goal, text
from deploy.roles import backend, engine, frontend, guard, qdrant, units
from deploy.secrets import derived
from omnimind_ops.embedded import programs
from omnimind_ops.embedded.home import Home
from omnimind_ops.model import native
from omnimind_ops.model.environment import services
from omnimind_ops.model.goal import Goal, RedisSettings
from omnimind_ops.model.system import System
from omnimind_ops.model.world import Mode, World
from omnimind_ops.paths import Paths

from .conftest import prepare

GOALS = {
    "cpu": Goal(qdrant_version="1.20.0"),
    "gpu": Goal(qdrant_version="1.20.0", gpu=True, lock="cu12"),
    "uploads at home": Goal(qdrant_version="1.20.0", uploads="/home/ana/data"),
    "one small backend": Goal(qdrant_version="1.20.0", backend_ports=(9000,), workers=1),
    "model at home": Goal(
        qdrant_version="1.20.0", model="/home/ana/my models/100 %", mode="exact", collection='odd "name" 5%'
    ),
    "open": Goal(
        qdrant_version="1.20.0",
        backend_ports=(9000, 8080),
        frontend_port=80,
        qdrant_grpc_port=6334,
        listen=("0.0.0.0:9000", "[::]:9000", "192.0.2.7:80", "0.0.0.0:6333", "192.0.2.7:6379"),
        hosts=("any-address", "ws"),
    ),
    "model of a hub": Goal(qdrant_version="1.20.0", model="intfloat/e5-small-v2", open_reads=True),
}
STORES = {"OMNIMIND_POSTGRES_DSN", "OMNIMIND_REDIS_URL", "OMNIMIND_QDRANT_URL", "OMNIMIND_QDRANT_API_KEY"}
"""Variables of backend.env."""
LIMITS = {
    f"OMNIMIND_{name}"
    for name in (
        "CHECK_SECONDS",
        "BODY_BYTES",
        "BODY_SECONDS",
        "UPLOAD_BYTES",
        "REQUESTS_PER_MINUTE",
        "LOGINS_PER_MINUTE",
        "SESSION_HOURS",
        "TELEMETRY_SECONDS",
        "CACHE_DAYS",
    )
}
"""Variables of a worker that only a person sets."""
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def write_units(goal: Goal, folder: Path) -> list[Path]:
    """Write every unit of a goal as files; programs that are not on this machine are replaced by one that is."""
    results = []
    for role in (qdrant, engine, backend, frontend, guard, units):
        for path, content in prepare(role.configure, goal).files.items():
            if path.endswith((".service", ".socket", ".target")):
                file = folder / Path(path).name
                file.write_text(re.sub(r"^ExecStart=-?\S+", "ExecStart=/bin/true", content, flags=re.MULTILINE))
                results.append(file)
    return results


@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS.keys())
def test_every_unit_that_is_started_is_written(goal: Goal, tmp_path: Path) -> None:
    names = {path.name for path in write_units(goal, tmp_path)}
    assert {re.sub(r"@\d+", "@", unit) for unit in native.ours(goal)} | {native.TARGET} == names


@needs_systemd
@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS.keys())
def test_systemd_finds_nothing_to_complain_about(goal: Goal, tmp_path: Path) -> None:
    files = write_units(goal, tmp_path)
    for name in (native.POSTGRES, native.REDIS):
        (tmp_path / name).write_text("[Service]\nExecStart=/bin/true\n")
    # A trailing colon keeps systemd's own folders, so that basic.target and the like are found.
    done = subprocess.run(
        ("systemd-analyze", "verify", "--man=no", *(str(file).replace("@.service", "@1.service") for file in files)),
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:", "SYSTEMD_LOG_LEVEL": "info"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if str(tmp_path) in line or "omnimind" in line or "qdrant" in line
    ]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("kind", ["cpu", "gpu", "model of a hub"])
def test_services_expose_little(kind: str, tmp_path: Path) -> None:
    scores = {}
    for file in write_units(GOALS[kind], tmp_path):
        if (
            file.suffix != ".service" or file.name == native.GPU_READY
        ):  # that one loads a kernel module, as root, and ends
            continue
        done = subprocess.run(
            ("systemd-analyze", "security", "--offline=true", "--no-pager", str(file)),
            capture_output=True,
            text=True,
            check=True,
        )
        score = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
        assert score, done.stdout
        scores[file.name] = float(score.group(1))
    assert len(scores) == 8
    for name, score in scores.items():
        assert score <= (2.5 if name == native.ENGINE[1] and GOALS[kind].gpu else 2.0), scores


def test_uploads_below_home_are_bound_into_an_empty_home(tmp_path: Path) -> None:
    write_units(GOALS["uploads at home"], tmp_path)
    unit = (tmp_path / "omnimind-8000@.service").read_text()
    assert "ProtectHome=tmpfs\nBindPaths=/home/ana/data\n" in unit


def test_a_socket_shared_by_workers_stays_non_blocking_when_one_of_them_starts(tmp_path: Path) -> None:
    for file in write_units(GOALS["cpu"], tmp_path):
        if ".socket\n" in (unit := file.read_text()) and "Type=notify" in unit:
            assert "NonBlocking=yes" in unit, file.name


def test_the_gpu_unit_lists_its_devices(tmp_path: Path) -> None:
    unit = engine_unit("gpu", tmp_path)
    assert "DeviceAllow=/dev/nvidia-uvm-tools rw" in unit
    assert "PrivateDevices" not in unit


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_the_engine_may_write_its_own_machine_code_on_any_device(kind: str, tmp_path: Path) -> None:
    assert "\nMemoryDenyWriteExecute" not in engine_unit(kind, tmp_path)


def test_a_circuit_that_is_killed_for_memory_does_not_stop_the_engine(tmp_path: Path) -> None:
    assert "\nOOMPolicy=continue\n" in engine_unit("cpu", tmp_path)


@needs_systemd
def test_a_child_of_the_engine_may_give_way_to_it(tmp_path: Path) -> None:
    filters = [
        line.partition("=")[2]
        for line in engine_unit("cpu", tmp_path).splitlines()
        if line.startswith("SystemCallFilter=")
    ]
    allowed, refused = (calls(name.lstrip("~")) for name in filters)
    assert {"setpriority", "sched_setaffinity", "prlimit64"} <= allowed - refused


def test_a_model_below_home_is_bound_into_an_empty_home_and_nothing_is_fetched(tmp_path: Path) -> None:
    unit = engine_unit("model at home", tmp_path)
    assert 'ProtectHome=tmpfs\nBindReadOnlyPaths="/home/ana/my models/100 %%"\n' in unit
    assert 'Environment="OMNIMIND_MODEL=/home/ana/my models/100 %%"\n' in unit
    assert "IPAddressDeny=any" in unit and "HF_HUB_OFFLINE=1" in unit


def test_only_a_model_of_a_hub_lets_the_engine_use_the_network(tmp_path: Path) -> None:
    unit = engine_unit("model of a hub", tmp_path)
    assert "IPAddressDeny=any" not in unit and "HF_HUB_OFFLINE" not in unit
    assert "Environment=OMNIMIND_MODEL=intfloat/e5-small-v2\n" in unit


@pytest.mark.parametrize("kind", GOALS)
def test_a_worker_is_told_all_that_the_goal_says(kind: str, tmp_path: Path) -> None:
    goal = GOALS[kind]
    write_units(goal, tmp_path)
    port = goal.backend_ports[-1]
    secrets = derived("backend.env", goal, {"postgres.password": "p", "redis-app.password": "r", "qdrant.key": "k"})
    result = settings.load(
        {
            **environment(tmp_path / f"omnimind-{port}@.service"),
            **dict(line.split("=", 1) for line in secrets.splitlines()),
        }
    )
    assert result == settings.Settings(
        port=port,
        worker="%i",
        postgres_dsn=f"postgresql://omnimind:p@127.0.0.1:{goal.postgres_port}/omnimind",
        redis_url=f"redis://omnimind:r@127.0.0.1:{goal.redis_port}/0",
        qdrant_url=f"http://127.0.0.1:{goal.qdrant_port}",
        qdrant_api_key="k",
        collection=goal.collection,
        uploads=goal.uploads,
        frontend_port=goal.frontend_port,
        backend_ports=goal.backend_ports,
        hosts=goal.hosts,
        open_reads=goal.open_reads,
    )


def test_workers_of_systemd_and_of_supervisor_have_the_same_variables_and_read_them_all(tmp_path: Path) -> None:
    goal = GOALS["cpu"]
    write_units(goal, tmp_path)
    unit = environment(tmp_path / "omnimind-8000@.service").keys() | STORES
    embedded = World(Mode.EMBEDDED, goal, *[tmp_path] * 5, standin=True)
    every = {program.name: program for program in programs.programs(embedded, Home(tmp_path), {}, {})}
    only_embedded = {"OMNIMIND_JOURNAL", "OMNIMIND_BENCH"}  # natively their defaults are right
    only_engine = {"OMNIMIND_STATE", "OMNIMIND_MODEL", "OMNIMIND_MODE"}
    supervised = {name for name in every["backend-8000-1"].environment if name.startswith("OMNIMIND_")}
    unit = {name for name in unit if name.startswith("OMNIMIND_")}
    assert supervised == unit | only_embedded | only_engine
    limits = {name for name in settings.VARIABLES if name not in supervised}
    assert settings.VARIABLES.keys() == unit | only_embedded | limits
    assert limits == LIMITS


def test_what_a_unit_leaves_out_is_a_workers_default() -> None:
    variables = services(System(), native.ENGINE_SOCKET, Paths().state)
    assert settings.load(variables) == settings.Settings()
    engine = engine_settings.load(variables)
    assert engine == engine_settings.load({})


@pytest.mark.parametrize("kind", GOALS)
def test_the_page_is_told_where_the_backends_are(kind: str, tmp_path: Path) -> None:
    goal = GOALS[kind]
    write_units(goal, tmp_path)
    assert settings.load(environment(tmp_path / native.FRONTEND[1])).backend_ports == goal.backend_ports


def test_the_guard_is_root_without_capabilities_and_opens_the_engine_by_its_group(tmp_path: Path) -> None:
    write_units(GOALS["cpu"], tmp_path)
    unit = (tmp_path / native.GUARD).read_text()
    assert "\nUser=" not in unit
    assert "\nCapabilityBoundingSet=\n" in unit
    assert "\nSupplementaryGroups=omnimind\n" in unit
    assert "\nWatchdogSec=30\n" in unit


def test_workers_come_after_the_schema_and_run_without_it(tmp_path: Path) -> None:
    write_units(GOALS["cpu"], tmp_path)
    unit = (tmp_path / "omnimind-8000@.service").read_text()
    assert re.search(rf"^After=.*{native.SCHEMA}", unit, re.MULTILINE)
    assert f"\nWants={native.SCHEMA}\n" in unit
    assert not re.search(rf"^Requires=.*{native.SCHEMA}", unit, re.MULTILINE)


def engine_unit(kind: str, tmp_path: Path) -> str:
    """The engine's service for one of GOALS."""
    write_units(GOALS[kind], tmp_path)
    return (tmp_path / native.ENGINE[1]).read_text()


def environment(unit: Path) -> dict[str, str]:
    """What a unit's Environment= lines say, by systemd's rules of quoting, specifiers but %% left as they are."""
    lines = [line.partition("=")[2] for line in unit.read_text().splitlines() if line.startswith("Environment=")]
    return dict(part.replace("%%", "%").split("=", 1) for line in lines for part in shlex.split(line))


def calls(group: str) -> set[str]:
    """Every system call of one of systemd's groups, groups in it included."""
    done = subprocess.run(("systemd-analyze", "syscall-filter", group), capture_output=True, text=True, check=True)
    arguments = [
        line.strip() for line in done.stdout.splitlines()[1:] if line.strip() and not line.strip().startswith("#")
    ]
    return {call for word in arguments for call in (calls(word) if word.startswith("@") else {word})}


@pytest.mark.parametrize(
    "setting", ["RestartSteps", "RestartMaxDelaySec", "notify-reload", "RestartMode", "ImportCredential", "OpenFile"]
)
def test_no_unit_asks_for_more_than_systemd_249(setting: str, tmp_path: Path) -> None:
    assert not [file.name for file in write_units(GOALS["gpu"], tmp_path) if setting in file.read_text()]


def test_a_forgotten_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        text("systemd/omnimind.target.j2")


def test_qdrant_listens_on_the_loopback_and_keeps_its_temporary_files_beside_its_storage() -> None:
    result = yaml.safe_load(of_goal("config/qdrant.yaml.j2", GOALS["cpu"], static=False))
    assert result["service"]["host"] == "127.0.0.1"
    assert result["storage"]["temp_path"].rpartition("/")[0] == result["storage"]["storage_path"].rpartition("/")[0]
    assert "api_key" not in result["service"]


def test_addresses_that_were_open_are_listened_on_and_no_others(tmp_path: Path) -> None:
    units = {path.name: path.read_text() for path in write_units(GOALS["open"], tmp_path)}
    found = {name: re.findall(r"^ListenStream=(.+)$", units[name], re.MULTILINE) for name in units if ".socket" in name}
    assert found["omnimind-9000.socket"] == ["0.0.0.0:9000", "[::]:9000"]
    assert found["omnimind-8080.socket"] == ["127.0.0.1:8080"]
    assert found["omnimind-frontend.socket"] == ["127.0.0.1:80", "192.0.2.7:80"]
    assert "IPAddressDeny" not in units["qdrant.service"]
    service = yaml.safe_load(of_goal("config/qdrant.yaml.j2", GOALS["open"], static=False))["service"]
    assert (service["host"], service["http_port"], service["grpc_port"]) == ("0.0.0.0", 6333, 6334)
    lines = of_goal("config/redis.conf.j2", GOALS["open"], append_only=False, **REDIS).splitlines()
    assert "bind 127.0.0.1 -::1 -192.0.2.7" in lines
    plain = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **REDIS).splitlines()
    assert "bind 127.0.0.1 -::1" in plain


REDIS = {"default": "0" * 64, "app": "1" * 64, "is_before_6_2": False, "is_before_7": False, "own": ()}


@pytest.mark.parametrize("old", [False, True])
def test_a_backend_may_name_its_connections_where_all_of_client_is_administration(old: bool) -> None:
    """redis-py says CLIENT SETNAME as it connects; before 7.0 that is in @admin, and the connection would be refused."""
    result = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **{**REDIS, "is_before_7": old})
    (user,) = [line for line in result.splitlines() if line.startswith("user omnimind")]
    assert user.endswith("+@all -@admin +client|setname +client|setinfo" if old else "+@all -@admin")


def test_redis_starts_without_an_append_only_file() -> None:
    first = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **REDIS)
    later = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=True, **REDIS)
    assert "appendonly no\n" in first
    assert "appendonly yes\n" in later


def test_redis_holds_what_the_old_one_held() -> None:
    goal = replace(GOALS["cpu"], redis=RedisSettings(700 * 1024 * 1024, 32, "allkeys-lru"))
    lines = of_goal("config/redis.conf.j2", goal, append_only=False, **REDIS).splitlines()
    assert {"maxmemory 700mb", "maxmemory-policy allkeys-lru", "databases 32"} <= set(lines)
    unit = of_goal("systemd/redis-server.conf.j2", goal, config="/c")
    assert "MemoryHigh=1167M\nMemoryMax=1400M\n" in unit
    plain = of_goal("systemd/redis-server.conf.j2", GOALS["cpu"], config="/c")
    assert "MemoryHigh=640M\nMemoryMax=768M\n" in plain


def test_redis_keeps_data_as_the_old_one_did() -> None:
    settings = RedisSettings(save="60 5 10 7", append_only=True, append_fsync="always", keyspace_events="Ex")
    goal = replace(GOALS["cpu"], redis=settings)
    lines = of_goal("config/redis.conf.j2", goal, append_only=True, **REDIS).splitlines()
    assert {"save 60 5", "save 10 7", "appendfsync always", "notify-keyspace-events Ex"} <= set(lines)
    plain = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **REDIS)
    assert "notify-keyspace-events" not in plain


def test_the_user_s_own_files_of_redis_are_read_last() -> None:
    own = ("/etc/omnimind/redis.d/a.conf", "/etc/omnimind/redis.d/b.conf")
    lines = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **{**REDIS, "own": own}).splitlines()
    assert lines[-2:] == [f"include {path}" for path in own]


def test_a_unit_waits_for_the_file_system_of_its_data(tmp_path: Path) -> None:
    """Mounted late at boot, an empty folder would be served, or filled below the mount point."""
    goal = replace(GOALS["cpu"], redis_dir="/data/redis", qdrant_home="/data/qdrant", uploads="/data/my uploads")
    units = {file.name: file.read_text() for file in write_units(goal, tmp_path)}
    assert "\nRequiresMountsFor=/data/qdrant/storage /data/qdrant/snapshots\n" in units["qdrant.service"]
    for name in ("omnimind-guard.service", "omnimind-migrate-db.service"):
        assert "\nRequiresMountsFor=/var/lib/omnimind\n" in units[name]
    assert '\nRequiresMountsFor="/data/my uploads"\n' in units["omnimind-8000@.service"]
    assert "\nRequiresMountsFor=/data/redis\n" in of_goal("systemd/redis-server.conf.j2", goal, config="/c")
