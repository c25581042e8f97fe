"""What a person sees of health: the table at 80 and 120 columns, why, lines, metrics; and the watch screen with its
keys on a real terminal.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from omnimind_ops.model.health import Change, Gpu, Host, Latency, Process, Reading, Report, State
from omnimind_ops.render.health.table import draw
from omnimind_ops.render.health.text import data, line, prometheus
from omnimind_ops.render.health.why import explain
from omnimind_ops.render.sheet import Sheet

AT = 1764011520.0


def reading(name: str, state: State = State.READY, **told: object) -> Reading:
    """A service, well unless told otherwise."""
    usual = Reading(
        service=name, kind=name.partition("-")[0], critical=True, state=state, alive=True, ready=state is State.READY, useful=True, detail="", why="",
        latency=Latency(1.0, 1.4, 2.2), age=2.0, good=5, bad=0, silent=False, refuses=False, root="", restarts=0, memory=210 << 20, limit=1 << 30,
        processes=(Process(name, "running", 4711, AT - 3600, False),), start_seconds=300,
    )  # fmt: skip
    return replace(usual, **told)  # type: ignore[arg-type]


def report(**told: object) -> Report:
    """A system with one of each trouble."""
    services = (
        reading("postgres", detail="db omnimind, 3/50 connections"),
        reading("redis", detail="AOF on", memory=12 << 20, limit=None),
        reading("qdrant", State.DOWN, why="no answer within 3 s", bad=3, silent=True),
        reading("engine", State.DEGRADED, why="gpu expected but running on cpu", latency=Latency(18, 18, 41)),
        reading("backend-8000", State.DOWN, why="qdrant: no answer within 2 s", root="qdrant", bad=3),
        reading(
            "backend-8080",
            State.STARTING,
            why="nobody listens (3 s of at most 180 s)",
            restarts=1,
            latency=None,
            age=1.0,
            bad=2,
        ),
        reading("frontend", State.STOPPED, why="stopped on request", memory=None, latency=None),
        reading("guard", detail="recovers what fails", gave_up="5 restarts did not help: cannot embed"),
    )
    gpu = Gpu(
        True,
        False,
        "gpu expected but running on cpu",
        "NVIDIA GeForce GTX 1650",
        34,
        1 << 30,
        4 << 30,
        62,
        "535.183.01",
        "535.183.01",
        True,
        1,
    )
    host = Host(3.1, 0.0, 2.0, "/var/lib/omnimind", 61.2, 251 << 30, ("port 6379 by docker-proxy 7",))
    change = Change(AT - 60, "backend-8080", "restarted")
    usual = Report(State.DOWN, services, gpu, host, AT, "native", AT - 11520, change, 0.05)
    return replace(usual, **told)  # type: ignore[arg-type]


def lines(width: int, *, ascii: bool = False, selected: str = "engine") -> list[str]:
    return [item.plain for item in draw(report(), Sheet(width, 24, 0.0, ascii), selected)]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    """And every service has its row, the card its own, the host its own."""
    drawn = lines(width)
    assert max(map(len, drawn)) <= width
    assert [entry[2:].split()[0] for entry in drawn[3:11]] == [service.service for service in report().services]
    assert any(item.startswith("GPU") for item in drawn) and any(element.startswith("HOST") for element in drawn)


def test_at_80_columns_it_says_what_matters() -> None:
    """State, latency, age of the check, restarts, memory, and the beginning of the reason."""
    drawn = lines(80)
    assert drawn[0].startswith("omnimind native · up 3 h 12 min · DOWN 4/8 · last change")
    assert drawn[3].split() == [
        "postgres",
        "✓",
        "ready",
        "1/2",
        "ok",
        "2s",
        "0",
        "210M",
        "db",
        "omnimind,",
        "3/50",
        "connecti…",
    ]
    assert drawn[6].startswith("▸ engine       ! degraded 18/41   ok 2s       0 210M gpu expected but running")
    assert "waits for qdrant: no" in drawn[7]
    assert drawn[11].startswith("GPU  GPU EXPECTED BUT RUNNING ON CPU · GTX 1650 · util 34 % · mem 1.0G/4.0G")
    assert drawn[-1] == "! the guard gave up on guard: 5 restarts did not help: cannot embed"


def test_containers_on_our_ports_are_impossible_to_miss() -> None:
    """They would come back with the Docker engine."""
    assert "DOCKER HOLDS port 6379 by docker-proxy 7" in lines(120)[12]


def test_a_terminal_without_utf8_gets_plain_marks() -> None:
    """Nothing that cannot be shown."""
    assert all(item.isascii() for item in lines(120, ascii=True))


def test_one_line_names_causes_and_counts_victims() -> None:
    """For logs and pipes."""
    assert line(report()) == (
        "down 4/8 ready · qdrant: no answer within 3 s · engine: gpu expected but running on cpu · backend-8080: nobody listens (3 s of at most 180 s)"
        " · frontend: stopped on request · also affected: backend-8000 · the guard gave up on guard"
    )


def test_why_leads_from_the_victim_to_the_cause() -> None:
    """And says what to do."""
    outcome = report()
    result = "\n".join(explain(outcome, outcome.of("backend-8000")))  # type: ignore[arg-type]
    assert "cause: qdrant: no answer within 3 s; backend-8000 itself is left running" in result
    assert "check qdrant: omnimind logs qdrant" in result
    assert "backend-8000: running for 1 h 00 min, pid 4711" in result
    assert "start it: omnimind restart frontend" in "\n".join(explain(outcome, outcome.of("frontend")))  # type: ignore[arg-type]


def test_json_has_everything_and_the_exit_code() -> None:
    """One object; states are words."""
    body = json.loads(json.dumps(data(report())))
    assert (body["state"], body["code"], body["services"][2]["silent"], body["gpu"]["used"], body["at"][:10]) == (
        "down",
        1,
        True,
        False,
        "2025-11-24",
    )


def test_metrics_are_in_prometheus_own_format() -> None:
    """As its own parser reads them."""
    from prometheus_client.parser import text_string_to_metric_families

    results = {
        sample.name: sample
        for family in text_string_to_metric_families(prometheus(report()))
        for sample in family.samples
    }
    assert results["omnimind_health"].value == 1
    assert results["omnimind_gpu_used"].value == 0 and results["omnimind_gpu_expected"].value == 1
    samples = [
        s
        for f in text_string_to_metric_families(prometheus(report()))
        for s in f.samples
        if s.name == "omnimind_service_state" and s.value == 1
    ]
    assert {s.labels["service"]: s.labels["state"] for s in samples}["engine"] == "degraded"
