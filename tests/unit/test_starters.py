"""What would start the old containers besides the engine is found and named; units are fenced, the rest is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omnimind_ops.model.facts import Project, Starter
from omnimind_ops.observe import starters as observe
from omnimind_ops.planning.check import State
from omnimind_ops.planning.check_starters import starters as check
from omnimind_ops.steps import fence
from omnimind_ops.tools.docker import parse_inspect
from tests.engine_double import container

FOLDER = "/home/ana/omnimind"
MADE = [container("1" * 64, "omnimind_redis_1", "redis"), container("2" * 64, "qdrant", "qdrant")]
PROJECT = Project("omnimind", FOLDER, (f"{FOLDER}/docker-compose.yml",), parse_inspect(json.dumps(MADE)))


@pytest.mark.parametrize(
    "text",
    [
        f"[Service]\nWorkingDirectory={FOLDER}\nExecStart=/usr/bin/docker-compose up -d",
        f"ExecStart=docker compose -f {FOLDER}/docker-compose.yml up",
        "User=ana\nWorkingDirectory=%h/omnimind\nExecStart=/usr/bin/docker compose \\\n  up",
        "ExecStart=/usr/bin/docker compose -p omnimind start",
        "ExecStart=/usr/bin/docker start -a qdrant",
        "@reboot ana cd ~/omnimind && docker-compose up -d",
        "*/5 * * * * docker restart omnimind_redis_1",
        f"@reboot cd {FOLDER}/ ; /usr/local/bin/docker-compose --env-file .env up --detach",
    ],
)
def test_a_line_that_starts_the_containers_is_found(text: str) -> None:
    assert observe.start_command(text, PROJECT)


@pytest.mark.parametrize(
    "text",
    [
        f"WorkingDirectory={FOLDER}\nExecStart=/usr/bin/docker-compose down",
        f"#ExecStart=docker compose -f {FOLDER}/docker-compose.yml up",
        f"WorkingDirectory={FOLDER}-two\nExecStart=/usr/bin/docker-compose up -d",
        "ExecStart=/usr/bin/docker compose -p omnimind-test up",
        "ExecStart=/usr/bin/docker start qdrant-backup",
        f"WorkingDirectory={FOLDER}\nExecStart=/usr/bin/python3 -m http.server",
        "ExecStart=/usr/bin/dockerd -H fd://",
    ],
)
def test_others_are_left_alone(text: str) -> None:
    assert not observe.start_command(text, PROJECT)


def test_units_instances_scripts_and_cron_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "etc/systemd/system"
    for folder in ("multi-user.target.wants", "app.service.d"):
        (system / folder).mkdir(parents=True)
    (system / "compose@.service").write_text("WorkingDirectory=/home/ana/%i\nExecStart=docker compose up -d\n")
    for name in ("omnimind", "other"):
        (system / f"multi-user.target.wants/compose@{name}.service").symlink_to("../compose@.service")
    (system / "app.service").write_text("ExecStart=/opt/start-app\n")
    (system / "app.service.d/where.conf").write_text(f"[Service]\nWorkingDirectory={FOLDER}\n")
    (system / "unused.service").write_text(f"ExecStart=docker compose -f {FOLDER}/docker-compose.yml up\n")
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/start-app").write_text("#!/bin/sh\nexec docker-compose up -d\n")
    (tmp_path / "var/spool/cron/crontabs").mkdir(parents=True)
    (tmp_path / "var/spool/cron/crontabs/ana").write_text("# m h\n@reboot docker start qdrant\n")
    monkeypatch.setattr(observe, "is_used", lambda unit: unit != "unused.service")
    assert observe.starters(PROJECT, tmp_path) == (
        Starter("app.service", "/opt/start-app"),
        Starter("compose@omnimind.service", "docker compose up -d"),
        Starter("/var/spool/cron/crontabs/ana", "@reboot docker start qdrant", unit=False),
    )


def test_the_check_names_them() -> None:
    unit, cron = check((Starter("app.service", "docker-compose up"), Starter("/etc/crontab", "@reboot …", unit=False)))
    assert (unit.state, cron.state) == (State.WARN, State.FAIL)
    assert "app.service" in unit.found and "/etc/crontab" in cron.fix
    assert check(())[0].state is State.OK


def test_a_fence_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...], **_: object) -> object:
        calls.append(words)
        return type("Done", (), {"ok": False})

    monkeypatch.setattr(fence, "run", run)
    (tmp_path / "b.service.d").mkdir()
    (tmp_path / "b.service.d/own.conf").write_text("")
    fence.fence(("a.service", "b.service"), tmp_path)
    assert (tmp_path / "a.service.d" / fence.NAME).exists()
    fence.lift({"a.service": True, "b.service": False}, tmp_path)
    fence.lift({"a.service": True, "b.service": False}, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["b.service.d"]
    assert ("systemctl", "start", "--no-block", "a.service") in calls
