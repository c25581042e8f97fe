"""The manager that is systemd, against a real one: small units on a disposable host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.system import ROOT
from tests.hosts.host import Host
from tests.hosts.requirements import must_run, why_no_host
from tests.hosts.words import Mount

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

UNITS = {
    "om.target": "[Unit]\nWants=om-steady.service\n",  # as omnimind.target does: systemd forgets what became of a unit that nobody refers to
    "om-steady.service": "[Service]\nExecStart=/bin/sh -c 'echo steady is here; exec sleep infinity'\nRestart=always\nRestartSec=100ms\n",
    "om-ready.service": "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'sleep 0.5; systemd-notify --ready --status=serving; exec sleep infinity'\nRestart=always\n",
    "om-broken.service": "[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2\n[Service]\nExecStart=/bin/sh -c 'echo I have no teeth; exit 3'\nRestart=always\nRestartSec=50ms\n",
    "om-once.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo it cannot be; exit 4'\n",
}
DRIVER = """
import json, sys, time
from dataclasses import asdict
from pathlib import Path
from omnimind_ops.managers.systemd import Systemd
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System
from omnimind_ops.model.world import Mode, World
n = Path("/nonexistent")
m = Systemd(World(Mode.NATIVE, System(), n, n, n, n, n))
def until(name, state):
    for _ in range(200):
        if m.states([name])[name].state == state: break
        time.sleep(0.05)
    return asdict(m.states([name])[name])
try:
    print(json.dumps(eval(sys.argv[1]), default=list))
except Problem as problem:
    print(json.dumps({"what": problem.what, "why": problem.why, "log": problem.log}))
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A host with our code and the units."""
    why = why_no_host()
    if why and not must_run():
        pytest.skip(why)
    with Host.boot(mounts=[Mount(ROOT, "/src")]) as booted:
        for name, text in UNITS.items():
            booted.write(f"/etc/systemd/system/{name}", text)
        booted.write("/testhost-driver.py", DRIVER)
        booted.sh("systemctl daemon-reload; systemctl start om.target")
        yield booted


def ask(host: Host, expression: str) -> Any:
    """What an expression over `m`, the manager, gives inside the host."""
    done = host.run(
        ("python3", "/testhost-driver.py", expression), env={"PYTHONPATH": "/src", "PYTHONDONTWRITEBYTECODE": "1"}
    )
    return json.loads(done.stdout)


def test_started_unit_runs_with_its_pid_and_memory(host: Host) -> None:
    ask(host, "m.start(['om-steady.service'])")
    response = ask(host, "until('om-steady.service', 'running')")
    assert response["state"] == "running"
    assert response["pid"] == int(host.sh("systemctl show -p MainPID --value om-steady.service"))
    assert abs(response["since"] - float(host.sh("date +%s"))) < 60


def test_killed_unit_comes_back_and_is_counted(host: Host) -> None:
    before = ask(host, "until('om-steady.service', 'running')")
    ask(host, "m.kill('om-steady.service')")
    host.sh(
        "for _ in $(seq 100); do [ $(systemctl show -p NRestarts --value om-steady.service) = 1 ] && break; sleep 0.05; done"
    )
    after = ask(host, "until('om-steady.service', 'running')")
    assert after["restarts"] == before["restarts"] + 1
    assert after["pid"] != before["pid"]


def test_unit_stopped_by_hand_is_a_persons_will_and_a_failed_one_is_not(host: Host) -> None:
    host.sh("systemctl stop om-steady.service; systemctl start om-broken.service; sleep 1")
    stopped, broken = (
        ask(host, "until('om-steady.service', 'stopped')"),
        ask(host, "until('om-broken.service', 'failed')"),
    )
    assert (stopped["state"], stopped["by_person"]) == ("stopped", True)
    assert (broken["state"], broken["by_person"]) == ("failed", False)
    assert "exit status 3" in broken["detail"]


def test_unit_that_never_ran_or_does_not_exist_is_stopped_by_nobody(host: Host) -> None:
    for name in ("om-once.service", "om-nowhere.service"):
        response = ask(host, f"m.states(['{name}'])['{name}'].__dict__")
        assert (response["state"], response["by_person"]) == ("stopped", False)
    assert "not-found" in ask(host, "m.states(['om-nowhere.service'])['om-nowhere.service'].detail")


def test_unit_that_failed_too_often_can_be_started_again(host: Host) -> None:
    host.write(
        "/etc/systemd/system/om-broken.service.d/mended.conf", "[Service]\nExecStart=\nExecStart=/bin/sleep infinity\n"
    )
    host.sh("systemctl daemon-reload")
    ask(host, "m.start(['om-broken.service'])")
    assert ask(host, "until('om-broken.service', 'running')")["state"] == "running"


def test_restart_returns_when_the_unit_said_that_it_is_ready(host: Host) -> None:
    ask(host, "m.restart(['om-ready.service'])")
    response = ask(host, "m.states(['om-ready.service'])['om-ready.service'].__dict__")
    assert (response["state"], response["detail"]) == ("running", "serving")


def test_problem_of_a_unit_that_cannot_start_carries_its_own_words(host: Host) -> None:
    response = ask(host, "m.restart(['om-once.service'])")
    assert response["what"] == "cannot restart om-once.service"
    assert any("it cannot be" in line for line in response["log"])


def test_logs_are_the_units_own_and_can_be_followed(host: Host) -> None:
    assert any("steady is here" in line for line in ask(host, "list(m.logs('om-steady.service', 5))"))
    script = "(sleep 1; systemctl start om-steady.service) & python3 /testhost-driver.py \"next(line for line in m.follow(['om-steady.service']) if 'steady is here' in line[1])\""
    assert json.loads(host.sh(f"export PYTHONPATH=/src PYTHONDONTWRITEBYTECODE=1; {script}")) == [
        "om-steady.service",
        "steady is here",
    ]


def test_stop_returns_when_all_have_ended(host: Host) -> None:
    ask(host, "m.stop(['om-steady.service', 'om-ready.service', 'om-broken.service'])")
    assert host.sh("pgrep -x sleep || true") == ""
