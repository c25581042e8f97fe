"""Units and configurations: they render for every kind of goal, systemd has nothing to say about them, and they expose little."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from jinja2 import UndefinedError

from deploy.render import of_goal, text
from deploy.roles import backend, engine, frontend, qdrant, units
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal

from .conftest import prepare

GOALS = {
    "cpu": Goal(qdrant_version="1.20.0"),
    "gpu": Goal(qdrant_version="1.20.0", gpu=True, lock="cu12"),
    "uploads at home": Goal(qdrant_version="1.20.0", uploads="/home/ana/data"),
    "one small backend": Goal(qdrant_version="1.20.0", backend_ports=(9000,), workers=1),
}
MOST = {"cpu": 2.0, "gpu": 2.5}
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def write_units(goal: Goal, folder: Path) -> list[Path]:
    """Write every unit of a goal as files; programs that are not on this machine are replaced by one that is."""
    import io
    import tarfile

    found = []
    for role in (qdrant, engine, backend, frontend, units):
        for parcel in prepare(role.configure, goal).uploads:
            with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
                for member in archive:
                    name = Path(member.name.removesuffix(".omnimind-new")).name
                    if name.endswith((".service", ".socket", ".target")):
                        source = archive.extractfile(member)
                        assert source
                        content = re.sub(r"^ExecStart=-?\S+", "ExecStart=/bin/true", source.read().decode(), flags=re.MULTILINE)
                        (folder / name).write_text(content)
                        found.append(folder / name)
    return found


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
    ours = [line for line in (done.stdout + done.stderr).splitlines() if str(tmp_path) in line or "omnimind" in line or "qdrant" in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_services_expose_little(kind: str, tmp_path: Path) -> None:
    scores = {}
    for file in write_units(GOALS[kind], tmp_path):
        if file.suffix != ".service" or file.name == native.GPU_READY:  # that one loads a kernel module, as root, and ends
            continue
        done = subprocess.run(("systemd-analyze", "security", "--offline=true", "--no-pager", str(file)), capture_output=True, text=True, check=True)
        score = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
        assert score, done.stdout
        scores[file.name] = float(score.group(1))
    assert len(scores) == 6
    for name, score in scores.items():
        assert score <= (MOST[kind] if name == native.ENGINE[1] else MOST["cpu"]), scores


def test_uploads_below_home_are_bound_into_an_empty_home(tmp_path: Path) -> None:
    write_units(GOALS["uploads at home"], tmp_path)
    unit = (tmp_path / "omnimind-8000@.service").read_text()
    assert "ProtectHome=tmpfs\nBindPaths=/home/ana/data\n" in unit


def test_a_socket_shared_by_workers_stays_non_blocking_when_one_of_them_starts(tmp_path: Path) -> None:
    for file in write_units(GOALS["cpu"], tmp_path):
        if "Type=notify" in (unit := file.read_text()):
            assert "NonBlocking=yes" in unit, file.name


def test_the_gpu_unit_lists_its_devices_and_lets_torch_compile(tmp_path: Path) -> None:
    write_units(GOALS["gpu"], tmp_path)
    unit = (tmp_path / "omnimind-engine.service").read_text()
    assert "DeviceAllow=/dev/nvidia-uvm-tools rw" in unit
    assert "PrivateDevices" not in unit
    assert "\nMemoryDenyWriteExecute" not in unit


@pytest.mark.parametrize("setting", ["RestartSteps", "RestartMaxDelaySec", "notify-reload", "RestartMode", "ImportCredential", "OpenFile"])
def test_no_unit_asks_for_more_than_systemd_249(setting: str, tmp_path: Path) -> None:
    assert not [file.name for file in write_units(GOALS["gpu"], tmp_path) if setting in file.read_text()]


def test_a_forgotten_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        text("systemd/omnimind.target.j2")


def test_qdrant_listens_on_the_loopback_and_keeps_its_temporary_files_beside_its_storage() -> None:
    found = yaml.safe_load(of_goal("config/qdrant.yaml.j2", GOALS["cpu"], static=False))
    assert found["service"]["host"] == "127.0.0.1"
    assert found["storage"]["temp_path"].rpartition("/")[0] == found["storage"]["storage_path"].rpartition("/")[0]
    assert "api_key" not in found["service"]


def test_redis_starts_without_an_append_only_file() -> None:
    words = {"default": "0" * 64, "app": "1" * 64, "is_before_6_2": False, "maxmemory": "384mb"}
    first = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=False, **words)
    later = of_goal("config/redis.conf.j2", GOALS["cpu"], append_only=True, **words)
    assert "appendonly no\n" in first
    assert "appendonly yes\n" in later
