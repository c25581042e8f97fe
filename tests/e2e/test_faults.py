"""Services of a migrated host are killed, frozen and starved while they are asked, by the same table of faults that `nox -s bench -- faults` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.faults.host import PLACE, WORDS, migrated
from tests.hosts.host import Host

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with migrated() as booted:
        yield booted


def hurt(host: Host, rows: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Inject the faults of these rows once each; print the table, return its last line. Fails with the table when a row does not hold."""
    said = host.run((*WORDS, "--no-control", "--no-bounds", "--rounds", "1", "--rows", rows), cwd=PLACE, check=False, timeout=600)
    with capsys.disabled():
        print(f"\n{said.stdout}")
    assert said.returncode == 0, said.stdout + said.stderr
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    assert found["held"] == found["rows"] == len(rows.split(","))
    return found


def test_a_worker_that_dies_or_freezes_costs_no_request(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "1,2,3,4,5", capsys)["lost"].values())


def test_a_store_that_dies_loses_nothing_it_acknowledged(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "9,9b,10,11", capsys)["lost"].values())


def test_engine_page_and_guard_come_back_by_themselves(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "e,12,13", capsys)["lost"].values())


def test_a_slow_dependency_has_nothing_restarted(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "14", capsys)["lost"].values())


def test_a_rolling_restart_and_a_start_that_fails_cost_no_request(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not any(hurt(host, "6,7,8", capsys)["lost"].values())
