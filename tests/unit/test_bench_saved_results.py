"""Saved results: named safely, written whole, found again; and the load that makes them: closed and open loops of real
threads.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from omnimind_ops.embedded import home
from omnimind_ops.flows.bench import saved_results
from omnimind_ops.flows.bench.load import run_closed_loop, run_open_loop
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.paths import Paths
from tests.unit.test_bench_document import made


def test_what_was_saved_is_found_again_and_readable_by_others(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        path = saved_results.save(tmp_path / "state/bench", made(name="docker"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
    assert (
        saved_results.load("docker", tmp_path / "nowhere", path.parent)
        == json.loads(path.read_text())
        == made(name="docker")
    )
    assert saved_results.load(str(path)) == made(name="docker")
    assert [item.name for item in path.parent.iterdir()] == ["docker.json"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 101, "-x"])
def test_a_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(Problem) as problem:
        saved_results.check_name(name)
    assert problem.value.code is ExitCode.USAGE


def test_a_baseline_that_is_not_there_says_which_are(tmp_path: Path) -> None:
    saved_results.save(tmp_path, made(name="monday"))
    with pytest.raises(Problem) as problem:
        saved_results.load("tuesday", tmp_path)
    assert "monday" in problem.value.fix


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "omnimind.bench/9"}', "\x00"])
def test_a_broken_baseline_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(Problem, match="cannot read the baseline"):
        saved_results.load("x", tmp_path)


def test_a_persons_results_are_at_home_and_roots_where_the_native_system_will_be(tmp_path: Path) -> None:
    assert saved_results.folder(None, Paths(tmp_path), {"XDG_STATE_HOME": "/s"}) == Path("/s/omnimind/bench")
    if os.geteuid() == 0 and not home.FOR_ROOT.exists():
        assert saved_results.folder(None, Paths(tmp_path), {}) == tmp_path / "var/lib/omnimind/bench"


def test_callers_share_the_work_and_are_as_many_as_asked() -> None:
    done, most, now, lock = [], 0, 0, threading.Lock()

    def act(number: int) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
            done.append(number)

    run_closed_loop(range(40), act, 4)
    assert sorted(done) == list(range(40))
    assert most == 4


def test_the_first_failure_ends_it_and_is_raised() -> None:
    done: list[int] = []

    def act(number: int) -> None:
        if number == 5:
            raise Problem("cannot go on", "five", "do not")
        time.sleep(0.01)
        done.append(number)

    with pytest.raises(Problem, match="five"):
        run_closed_loop(range(10_000), act, 2)
    assert len(done) < 20


def test_the_open_loop_goes_by_the_clock_and_not_by_the_answers() -> None:
    sent: dict[int, float] = {}

    def act(number: int, began: float) -> None:
        sent[number] = time.monotonic() - began
        time.sleep(0.3)

    run_open_loop(10, lambda number: number * 0.02, act, 10)
    assert all(at >= number * 0.02 for number, at in sent.items())
    assert max(sent.values()) < 0.18 + 0.3, "ten callers need not wait for an answer"
