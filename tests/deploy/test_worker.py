"""The worker as its parent sees it: a process that speaks JSON lines, says what went wrong, and does not outlive
anybody.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from pyinfra.api import StringCommand, operation

from deploy import job
from deploy.deploy import ROLES
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import HostNotes
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.plan import Change, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.host import HostStep
from omnimind_ops.steps.pyinfra_process import worker_command


def serve(*jobs: dict[str, object], cwd: Path | None = None) -> list[dict[str, object]]:
    """All that a worker answers to these jobs."""
    text = "".join(json.dumps(item) + "\n" for item in jobs)
    done = subprocess.run(worker_command(), input=text, capture_output=True, text=True, check=True, timeout=60, cwd=cwd)
    return [json.loads(line) for line in done.stdout.splitlines()]


def job_of(role: str, stage: str, **more: object) -> dict[str, object]:
    return {"role": role, "stage": stage, "goal": asdict(Goal()), "dry": True, **more}


def test_jobs_are_answered_one_after_another_until_input_ends() -> None:
    result = serve(job_of("base", "activate"), job_of("base", "install"))
    assert result[0] == {"kind": "done", "changed": 0, "maybe": 0}
    kinds = [item["kind"] for item in result[1:]]
    assert set(kinds[:-1]) == {"op"} and kinds[-1] == "done"


def test_the_folder_where_a_person_stands_brings_no_code(tmp_path: Path) -> None:
    for name in ("omnimind_ops", "deploy", "pyinfra"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger')")
    assert serve(job_of("base", "activate"), cwd=tmp_path) == [{"kind": "done", "changed": 0, "maybe": 0}]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (job_of("mysql", "install"), "no role 'mysql'"),
        (job_of("redis", "remove"), "no role 'redis' with a stage 'remove'"),
        (job_of("redis", "install", goal={"colour": "red"}), "a Goal has no colour"),
        ({"role": "redis"}, "KeyError"),
    ],
)
def test_a_wrong_job_is_a_problem_and_the_next_one_still_runs(wrong: dict[str, object], why: str) -> None:
    first, second = serve(wrong, job_of("base", "activate"))
    assert first["kind"] == "problem"
    assert why in str(first["why"])
    assert second["kind"] == "done"


def test_an_operation_that_fails_is_named_with_what_it_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    @operation()
    def failing():  # type: ignore[no-untyped-def]
        yield StringCommand("printf 'gr\\374n\\nlast words\\n'; echo 'the cause' >&2; exit 3")

    result = run_role(monkeypatch, lambda goal: failing(name="Do the thing"))
    assert result[-1]["kind"] == "problem"
    assert result[-1]["what"] == "cannot do the thing"
    assert result[-1]["why"] == "the cause"
    assert "gr�n" in result[-1]["log"], "output that is not UTF-8 loses nothing but its bad bytes"
    assert "last words" in result[-1]["log"]
    assert {"kind": "line", "text": "last words"} in result


def test_output_that_is_not_utf8_reaches_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    @operation()
    def odd():  # type: ignore[no-untyped-def]
        yield StringCommand("printf '\\377\\376\\nafter\\n'")

    result = run_role(monkeypatch, lambda goal: odd(name="Print"))
    assert [item["text"] for item in result if item["kind"] == "line"] == ["��", "after"]
    assert result[-1] == {"kind": "done", "changed": 1, "maybe": 0}


def test_a_conditional_operation_is_a_maybe_before_and_a_fact_after(monkeypatch: pytest.MonkeyPatch) -> None:
    @operation()
    def change():  # type: ignore[no-untyped-def]
        yield StringCommand("true")

    def stage(goal: Goal) -> None:
        change(name="Perhaps", _if=lambda: False)

    assert run_role(monkeypatch, stage, dry=True)[-1] == {"kind": "done", "changed": 0, "maybe": 1}
    assert run_role(monkeypatch, stage)[-1] == {"kind": "done", "changed": 0, "maybe": 0}


def run_role(monkeypatch: pytest.MonkeyPatch, stage: object, dry: bool = False) -> list[dict[str, object]]:
    monkeypatch.setitem(ROLES, "test", type("Role", (), {"configure": staticmethod(stage)}))
    results: list[dict[str, object]] = []
    last = job.run("test", "configure", Goal(), dry, lambda message: results.append(dict(message)))
    return [*results, dict(last)]


def test_the_worker_goes_when_its_parent_is_killed() -> None:
    script = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'omnimind_ops.worker'], stdin=subprocess.PIPE,"
        " stdout=subprocess.PIPE, start_new_session=True, text=True); p.stdin.write('{}\\n'); p.stdin.flush(); p.stdout.readline();"
        " print(p.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        (sys.executable, "-c", script),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdin and parent.stdout
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _lives(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(worker)


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as source:
            return source.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def step(role: str, stage: str) -> Task[HostPayload]:
    return Task(f"{stage}-{role}", HostPayload(role, stage))


def test_one_worker_serves_the_whole_run_and_ends_with_it() -> None:
    with HostStep(Goal()) as host:
        assert host.preview(step("frontend", "install")).change is Change.NO
        worker = host.pyinfra.process
        assert host.preview(step("frontend", "configure")).change is Change.YES
        assert host.pyinfra.process is worker
        assert worker
    assert worker.poll() == 0


def test_a_problem_in_the_worker_is_a_problem_here_and_the_worker_stays() -> None:
    with HostStep(Goal(lock="rocm")) as host:
        with pytest.raises(Problem, match=r"no file of requirements"):
            host.preview(step("engine", "install"))
        assert host.preview(step("frontend", "install")).change is Change.NO


def test_a_worker_killed_in_the_middle_is_a_problem_and_the_next_job_gets_a_new_one() -> None:
    with HostStep(Goal()) as host:
        host.preview(step("frontend", "install"))
        assert host.pyinfra.process
        os.killpg(host.pyinfra.process.pid, signal.SIGKILL)
        host.pyinfra.process.wait()
        with pytest.raises(Problem, match="before it had finished"):
            host.preview(step("frontend", "install"))
        assert host.preview(step("frontend", "install")).change is Change.NO


def test_undo_of_an_activation_that_never_began_touches_nothing() -> None:
    events: queue.Queue[object] = queue.Queue()
    HostStep(Goal()).undo(step("units", "activate"), Memo(MemoryNotes(), "activate-units", HostNotes), events.put)
    assert events.empty()
