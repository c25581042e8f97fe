"""A planned cutover: at its time, by systemd alone; 503 meanwhile; the time to confirm begins when all is proven.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
WORDS = (*tool.WORDS, "--no-bench", "--confirm-minutes", "30")
PAGES = "systemctl list-units --all --plain --no-legend 'omnimind-maintenance*'"
ASK = r"""
import json, sys, time, urllib.error, urllib.request
while True:
    for port in (8000, 3000):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"})
        began = time.time()
        try:
            with urllib.request.urlopen(request, timeout=60) as said:
                status, retry = said.status, None
        except urllib.error.HTTPError as error:
            status, retry = error.code, error.headers.get("Retry-After")
        except OSError:
            status, retry = 0, None
        print(json.dumps([began, port, status, retry]), flush=True)
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        tool.place(booted)
        booted.write("/testhost/ask.py", ASK)
        yield booted


def newest(host: Host) -> dict[str, Any]:
    """Of the runs."""
    return dict(json.loads(tool.omnimind(host, "runs", "--json").stdout)["data"]["runs"][0])


@contextmanager
def asking(host: Host) -> Iterator[list[tuple[float, int, int, str | None]]]:
    """What both ports answered for the block, asked every 50 ms."""
    answers: list[tuple[float, int, int, str | None]] = []
    host.sh(
        "rm -f /testhost/answers; systemd-run --unit=asking -p StandardOutput=file:/testhost/answers python3 /testhost/ask.py"
    )
    yield answers
    host.sh("systemctl stop asking")
    answers += [tuple(json.loads(line)) for line in host.read("/testhost/answers").splitlines()]


def test_a_cutover_is_planned_and_planned_anew(host: Host) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    planned = tool.omnimind(host, *WORDS, "--yes", "--at", tomorrow.isoformat(timespec="minutes"))
    assert "omnimind rollback --run" in planned.stderr, planned.stderr
    assert newest(host)["state"] == "postponed"
    assert newest(host)["planned"] == tomorrow.replace(second=0, microsecond=0).isoformat()
    assert "cutover planned for" in tool.omnimind(host, "receipt").stdout
    assert host.sh("systemctl is-enabled omnimind-cutover.timer") == "enabled"
    wait_for_stack(host)


def test_it_happens_at_its_time_with_503_meanwhile(host: Host) -> None:
    before = tool.census(host, native=False)
    with asking(host) as answers:
        soon = (datetime.now(UTC) + timedelta(seconds=25)).isoformat(timespec="seconds")
        tool.omnimind(host, *WORDS, "--at", soon)
        assert newest(host)["state"] == "postponed"
        over = "! systemctl is-active --quiet omnimind-cutover.service && omnimind runs | grep -q unconfirmed"
        host.wait_for(("sh", "-c", over), 300, "the planned cutover")
    assert tool.census(host, native=True) == before
    for port in (8000, 3000):
        statuses = [status for _, of, status, _ in answers if of == port]
        away = [at for at, status in enumerate(statuses) if status == 503]
        assert away, statuses
        assert set(statuses[away[0] : away[-1]]) == {503}, "the page is there for all of the time"
        assert 503 not in statuses[-3:] and 0 not in statuses[-3:], statuses[-3:]
        refused = (statuses[: away[0]].count(0), statuses[away[-1] :].count(0))
        print(f"port {port}: {len(away)} times 503; refused {refused[0]} times before it, {refused[1]} times after it")
    assert all(retry for _, _, status, retry in answers if status == 503)
    assert host.sh(PAGES) == ""


def test_the_time_to_confirm_begins_when_all_is_proven(host: Host) -> None:
    deadline = host.sh("grep OnCalendar /etc/systemd/system/omnimind-confirm.timer").partition("=")[2]
    steps = {step["id"]: step for step in newest(host)["steps"]}
    assert steps["start-confirm-time"]["status"] == "done"
    events = tool.omnimind(host, "runs", newest(host)["id"]).stdout
    assert f"rolls back at {deadline} unless" in events
    host.sh("systemctl start omnimind-confirm-notice.service")
    assert f"at {deadline}: the migration is not confirmed" in host.sh("journalctl -t omnimind -o cat")
    host.sh("systemctl start omnimind-confirm.service")  # the timer of the cutover, which had to wait for its end
    assert newest(host)["state"] == "unconfirmed"
    tool.omnimind(host, "confirm")
    assert host.sh("find /etc/systemd/system -name 'omnimind-confirm*' -o -name 'omnimind-cutover*'") == ""
