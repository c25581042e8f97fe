"""kill -9 of the migrating process group in the middle of a step, then the same command: a finished migration or a
clean rollback, never half.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from omnimind_ops.model.problem import ExitCode
from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.install(booted)
        yield booted


def wait_until_rolled_back(host: Host) -> None:
    """Wait until the timer's rollback, or the boot unit, has ended the newest run."""
    newest = "json.load(sys.stdin)['data']['runs'][0]['state']"
    ended = f"{tool.PROGRAM} runs --json | python3 -c \"import json, sys; sys.exit({newest} != 'rolled back')\""
    host.wait_for(("bash", "-c", ended), 240, "the rollback to end")


def newest(host: Host) -> str:
    """The state of the newest migration."""
    runs = json.loads(tool.omnimind(host, "runs", "--json").stdout)["data"]["runs"]
    return str(next(run["state"] for run in runs if run["name"] == "migrate"))


@pytest.mark.parametrize(
    "step", ["install-packages", "warm-qdrant", "stop-data", "final-qdrant", "activate-units", "verify"]
)
def test_killed_at_a_step_then_run_again_ends_whole(host: Host, step: str) -> None:
    tool.kill_at(host, step)
    again = tool.migrate(host, check=False)
    assert again.returncode == 0, again.stderr
    assert host.sh("systemctl is-active qdrant redis-server omnimind-8000@1").split() == ["active"] * 3
    assert host.sh("docker ps -q") == ""
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)


def test_cut_off_while_the_old_stores_are_read_resume_goes_back(host: Host) -> None:
    tool.kill_at(host, "read-qdrant")
    tool.omnimind(host, "resume")
    wait_for_stack(host)
    assert newest(host) == "rolled back"


def test_a_container_that_was_removed_ends_in_failed_and_anyway_leaves_it(host: Host) -> None:
    """One without data: afterwards Compose creates it again."""
    tool.kill_at(host, "activate-units")
    host.sh("docker-compose rm -f frontend", cwd=FOLDER)
    failed = tool.omnimind(host, "rollback", "--yes", check=False)
    assert failed.returncode == ExitCode.PROBLEM and "--anyway" in failed.stderr, failed.stderr
    assert newest(host) == "failed"
    tool.omnimind(host, "rollback", "--yes", "--anyway")
    assert newest(host) == "rolled back"
    host.sh("docker-compose up -d --no-build frontend", cwd=FOLDER)
    wait_for_stack(host)


def test_postponed_stops_before_the_cutover_and_the_same_command_goes_on(host: Host) -> None:
    tool.migrate(host, "--postpone")
    wait_for_stack(host, timeout=5)
    assert host.sh("docker ps -q | wc -l") == "4"
    other = tool.migrate(host, "--redis", "empty", check=False)
    assert other.returncode == 1 and "other arguments" in other.stderr
    tool.migrate(host)
    assert host.sh("docker ps -q") == ""
    host.sh("truncate -s 100 /var/lib/omnimind/journal.db")  # the journal is made again from the copies
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)
    assert newest(host) == "rolled back"


def test_killed_then_rolled_back_ends_where_it_began(host: Host) -> None:
    tool.kill_at(host, "activate-units")
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)
    assert host.sh("systemctl is-active qdrant redis-server || true").split() == ["inactive"] * 2


def test_without_confirm_the_timer_goes_back_by_itself(host: Host) -> None:
    arguments = " ".join((tool.PROGRAM, *tool.WORDS, "--listen loopback --confirm-minutes 1"))
    waits = host.run(("script", "-qec", arguments, "/dev/null"), input="y\n", timeout=300, check=False)
    assert waits.returncode == ExitCode.UNCONFIRMED, waits.stdout
    assert host.sh("systemctl is-active omnimind-confirm.timer") == "active"
    wait_until_rolled_back(host)
    wait_for_stack(host, timeout=5)
    assert host.sh("systemctl is-active qdrant || true") == "inactive"


def test_a_power_cut_during_the_timers_rollback_is_completed_at_boot(host: Host) -> None:
    arguments = " ".join((tool.PROGRAM, *tool.WORDS, "--no-bench", "--listen loopback --confirm-minutes 1"))
    waits = host.run(("script", "-qec", arguments, "/dev/null"), input="y\n", timeout=300, check=False)
    assert waits.returncode == ExitCode.UNCONFIRMED, waits.stdout
    assert host.sh("systemctl is-enabled omnimind-resume") == "enabled"
    host.wait_for(("sh", "-c", "! systemctl is-active --quiet qdrant"), 120, "the native Qdrant to stop")
    host.crash()
    wait_until_rolled_back(host)
    wait_for_stack(host, timeout=5)
    assert host.sh("systemctl is-active qdrant redis-server || true").split() == ["inactive"] * 2
    assert host.sh("systemctl is-enabled omnimind-resume 2>/dev/null || true") in ("", "not-found")


def test_with_a_damaged_journal_the_parked_data_is_named_and_finish_deletes_it(host: Host) -> None:
    """What the rollbacks before have set aside; the containers stay as they are."""
    host.sh("truncate -s 100 /var/lib/omnimind/journal.db")
    shown = tool.omnimind(host, "receipt")
    assert "written since the cutover" in shown.stdout and "read from the copies" in shown.stderr
    assert "rolled back" in tool.omnimind(host, "runs").stdout
    tool.omnimind(host, "finish", "--yes")
    assert host.sh("find /var/lib -path '*/.omnimind-parked/*' -maxdepth 4 -mindepth 1 -type d") == ""
    assert (
        host.sh("ls /var/lib/omnimind/journal.db.damaged-* | wc -l") == "2"
        and "rolled back" in tool.omnimind(host, "runs").stdout
    )
    wait_for_stack(host, timeout=5)
