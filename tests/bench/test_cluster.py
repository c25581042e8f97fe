"""An open loop counts what a stalled server costs users, and says which requests nobody answered."""

from __future__ import annotations

from pathlib import Path

from tests.bench.server import Backend, bench, document, serving

LOAD = ("cluster", "--rate", "50", "--for", "3", "--json")


def test_one_stall_is_felt_by_all_who_were_due_meanwhile(tmp_path: Path) -> None:
    """One caller, as a closed loop has it, meets one slow answer; by the clock, fifty people waited."""
    with serving(Backend(told={"inference": 1.0}, stalls={40: 1.0})) as backend:
        found = document(bench(tmp_path, *LOAD, "-c", "1", "--target", backend.url))
    assert found["requests"] == 150
    assert found["lost"] == 0
    assert found["service"]["p95_ms"] < 300, "what a closed loop would have seen"
    assert found["total"]["p95_ms"] > 500
    assert found["total"]["max_ms"] > 950


def test_requests_that_nobody_answers_are_lost_and_counted(tmp_path: Path) -> None:
    with serving(Backend(refuses=True)) as backend:
        said = bench(tmp_path, *LOAD, "--target", backend.url, "--require", "lost<1")
    found = document(said)
    assert (found["lost"], found["errors"]) == (150, {"HTTP 503": 150})
    assert found["total"]["p50_ms"] is None
    assert said.returncode == 99


def test_a_strangers_backend_is_not_killed(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        said = bench(tmp_path, *LOAD, "--target", backend.url, "--kill")
    assert said.returncode == 1
    assert "only on this machine's own system" in said.stdout
