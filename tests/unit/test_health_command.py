"""`omnimind health` as a command: exit codes, JSON lines, metrics, time-outs, signals.

Its system is one whose stores run and whose manager does not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omnimind_ops.health.cache import write
from omnimind_ops.model.health import HealthCode, State
from tests.health_world import embedded_home, environment
from tests.services import PASSWORD, Services

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system whose manager does not run."""
    return embedded_home(stores, tmp_path_factory.mktemp("home"))


def health(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "omnimind_ops", "health", *arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_machine_without_omnimind_is_4(tmp_path: Path) -> None:
    """And says how to get it."""
    result = health(tmp_path)
    assert result.returncode == HealthCode.NOT_INSTALLED
    assert "omnimind up" in result.stderr
    assert json.loads(health(tmp_path, "--json").stdout)["kind"] == "problem"


@pytest.mark.parametrize(
    "words",
    [("--bogus",), ("--until", "never"), ("--until", "ready", "--for", "soon"), ("--for", "3s"), ("--interval", "0")],
)
def test_wrong_usage_is_64_and_never_2_which_means_degraded(home: Path, words: tuple[str, ...]) -> None:
    """Whoever finds it, Typer or we."""
    assert health(home, *words).returncode == HealthCode.USAGE


def test_a_system_whose_manager_does_not_run_is_down(home: Path) -> None:
    """The stores answer all the same, which the table shows."""
    result = health(home)
    assert result.returncode == HealthCode.DOWN
    assert "supervisor is not running" in result.stdout
    assert "DOWN" in result.stdout.splitlines()[0]


def test_json_is_one_object_with_everything_and_no_secret(home: Path) -> None:
    """Nothing else on stdout, nothing on stderr."""
    result = health(home, "--json")
    (line,) = result.stdout.splitlines()
    body = json.loads(line)
    assert (body["kind"], body["data"]["state"], body["data"]["code"], result.returncode, result.stderr) == (
        "result",
        "down",
        1,
        1,
        "",
    )
    assert {service["service"] for service in body["data"]["services"]} >= {
        "postgres",
        "redis",
        "qdrant",
        "engine",
        "frontend",
    }
    assert PASSWORD not in line and "test-key" not in line


def test_until_gives_up_in_time_with_the_code_of_what_it_saw_last(home: Path) -> None:
    """One line a look."""
    result = health(home, "--until", "ready", "--for", "1s", "--interval", "0.3")
    assert result.returncode == HealthCode.DOWN
    assert 2 <= len(result.stdout.splitlines()) <= 6
    assert all(" down " in line for line in result.stdout.splitlines())
    assert health(home, "--until", "down").returncode == HealthCode.DOWN


def test_watch_without_a_terminal_is_json_lines_until_it_is_interrupted(home: Path) -> None:
    """Each one whole when it is written; 130 in the end."""
    command = (sys.executable, "-m", "omnimind_ops", "health", "--watch", "--json", "--interval", "0.2")
    with subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert [json.loads(line)["data"]["state"] for line in lines] == ["down"] * 3
    assert (process.returncode, errors) == (HealthCode.INTERRUPTED, "")


def test_a_reader_that_leaves_ends_it_quietly(home: Path) -> None:
    """health --watch | head -1."""
    command = (sys.executable, "-m", "omnimind_ops", "health", "--watch", "--interval", "0.2")
    with subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(20)
    assert "Traceback" not in errors


def test_once_ends_a_watch_after_its_first_look(home: Path) -> None:
    """For scripts that share their words with people."""
    assert len(health(home, "--watch", "--once").stdout.splitlines()) == 1


def test_metrics_are_replaced_in_one_step(home: Path, tmp_path: Path) -> None:
    """node_exporter never reads half a file, and may read it."""
    file = tmp_path / "omnimind.prom"
    health(home, "--prom", str(file))
    assert file.read_text().startswith("# HELP omnimind_health ")
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["omnimind.prom"]
    result = health(home, "--prom", str(tmp_path / "no/such/folder/x.prom"))
    assert result.returncode == 1 and "cannot write the metrics" in result.stderr


def test_readers_of_a_file_that_is_replaced_never_see_half(tmp_path: Path) -> None:
    """A thousand times."""
    file = tmp_path / "health.json"
    write(file, "a" * 4096)
    child = os.fork()
    if child == 0:
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            write(file, "a" * 4096)
            write(file, "b" * 4096)
        os._exit(0)
    try:
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            assert file.read_text() in ("a" * 4096, "b" * 4096)
    finally:
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_every_state_of_a_report_has_its_exit_code() -> None:
    """As documented."""
    table = (ROOT / "docs/exit-codes.md").read_text().split("Of `omnimind health`")[1]
    for state in (State.READY, State.DEGRADED, State.STARTING, State.DOWN):
        assert f"| {int(HealthCode[state.name])} | {state}" in table
