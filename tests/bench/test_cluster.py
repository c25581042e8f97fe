"""An open loop counts what a stalled server costs users, and says which requests nobody answered."""

from __future__ import annotations

from pathlib import Path

from tests.bench.server import Backend, bench, document, serving

LOAD = ("cluster", "--rate", "50", "--for", "3", "--json")


def test_one_stall_is_felt_by_all_who_were_due_meanwhile(tmp_path: Path) -> None:
    """One caller, as a closed loop has it, meets one slow answer; by the clock, fifty people waited."""
    with serving(Backend(told={"inference": 1.0}, stalls={40: 1.0})) as backend:
        result = document(bench(tmp_path, *LOAD, "-c", "1", "--target", backend.url))
    assert result["requests"] == 150
    assert result["lost"] == 0
    assert result["service"]["p95_ms"] < 300, "what a closed loop would have seen"
    assert result["total"]["p95_ms"] > 500
    assert result["total"]["max_ms"] > 950


def test_requests_that_nobody_answers_are_lost_and_counted(tmp_path: Path) -> None:
    with serving(Backend(refuses=True)) as backend:
        result = bench(tmp_path, *LOAD, "--target", backend.url, "--require", "lost<1")
    outcome = document(result)
    assert (outcome["lost"], outcome["errors"]) == (150, {"HTTP 503": 150})
    assert outcome["total"]["p50_ms"] is None
    assert result.returncode == 99


def test_a_strangers_backend_is_not_killed(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        result = bench(tmp_path, *LOAD, "--target", backend.url, "--kill")
    assert result.returncode == 1
    assert "only on this machine's own system" in result.stdout
