"""Temporary users of measurements: the name of one whose process runs is never taken for a leftover."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from backend.accounts import bench_users
from backend.accounts.repository.users import NAME


def test_a_name_is_left_once_its_process_has_ended_even_unwaited_for() -> None:
    with subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE) as process:
        name = bench_users.new_name(process.pid)
        assert not bench_users.is_orphaned(name)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert bench_users.is_orphaned(name), "a zombie measures nothing"
    assert bench_users.is_orphaned(name)


def test_names_are_a_users_and_all_different() -> None:
    names = {bench_users.new_name(os.getpid()) for _ in range(20)}
    assert len(names) > 15
    assert all(re.fullmatch(NAME, name) and name.startswith(bench_users.PREFIX) for name in names)


@pytest.mark.parametrize(
    ("part", "other", "is_orphaned"),
    [("boot", "0" * 8, True), ("began", "1", True), ("pid", "7fffff", True), ("space", "1", False)],
    ids=["of another boot", "its pid was given to another", "no such process", "seen from elsewhere it cannot be told"],
)
def test_what_is_known_to_be_another_process_is_gone(part: str, other: str, is_orphaned: bool) -> None:
    arguments = bench_users.new_name(os.getpid()).removeprefix(bench_users.PREFIX).split("-")
    arguments[("boot", "space", "pid", "began").index(part)] = other
    assert bench_users.is_orphaned(bench_users.PREFIX + "-".join(arguments)) is is_orphaned


@pytest.mark.parametrize(
    "name",
    [
        "maria",
        "omnimind-bench",
        "omnimind-bench-",
        "omnimind-bench-0",
        "omnimind-bench-x-y-z-1-2",
        f"omnimind-bench-{'0' * 8}-1-ffffffffff-1-0000",
    ],
)
def test_other_names_are_nobodys_leftovers(name: str) -> None:
    assert not bench_users.is_orphaned(name)


def test_another_users_process_runs_too() -> None:
    name = bench_users.new_name(1)
    if was_root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        assert not bench_users.is_orphaned(name)
    finally:
        if was_root:
            os.seteuid(0)
