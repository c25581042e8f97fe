"""Services of a migrated host are killed, frozen and starved while they are asked, by the same table of faults that
`nox -s bench -- faults` prints.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.faults.host import COMMAND, FOLDER, migrated
from tests.hosts.host import Host

EVERYSEC_AT_WORST = 5.0
"""Seconds: 1, and the up to 3 that aof.c puts a write off while a background fsync is busy, and a moment to hear of the
acknowledgement.
"""
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with migrated() as booted:
        yield booted


def run(host: Host, rows: str, capsys: pytest.CaptureFixture[str]) -> subprocess.CompletedProcess[str]:
    """Inject the faults of these rows once each; print the table."""
    result = host.run(
        (*COMMAND, "--no-control", "--no-bounds", "--rounds", "1", "--rows", rows), cwd=FOLDER, check=False, timeout=600
    )
    with capsys.disabled():
        print(f"\n{result.stdout}")
    return result


def hurt(host: Host, rows: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the last line of a table; fails with the table when a row does not hold."""
    result = run(host, rows, capsys)
    assert result.returncode == 0, result.stdout + result.stderr
    data: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert data["held"] == data["rows"] == len(rows.split(","))
    return data


def test_a_worker_that_dies_or_freezes_costs_no_request(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "1,2,3,4,5", capsys)["lost"].values())


def test_a_store_that_dies_loses_nothing_it_acknowledged(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "9b,10,11", capsys)["lost"].values())


def test_redis_comes_back_with_all_but_its_last_moments(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    """How much it lost is in the table.

    Of that, a busy disk decides; here it must not be more than Redis itself puts off.
    """
    outcome = run(host, "9", capsys)
    result = re.search(r"oldest lost write ([0-9.]+) s before the kill", outcome.stdout)
    assert result, outcome.stdout + outcome.stderr
    assert float(result[1]) < EVERYSEC_AT_WORST


def test_engine_page_and_guard_come_back_by_themselves(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "e,12,13", capsys)["lost"].values())


def test_a_slow_dependency_has_nothing_restarted(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "14", capsys)["lost"].values())


def test_a_rolling_restart_and_a_start_that_fails_cost_no_request(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not any(hurt(host, "6,7,8", capsys)["lost"].values())
