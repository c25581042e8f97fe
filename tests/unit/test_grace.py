"""A container is stopped with the time that its owner gave it: from the engine, from Compose's file, or the default."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.facts import Container
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import Act, ContainersPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.observe import docker as observed
from omnimind_ops.planning.grace import graces
from omnimind_ops.planning.migration import migrate
from omnimind_ops.planning.source import Source
from omnimind_ops.steps.stop_containers import stop_containers
from omnimind_ops.tools.compose import seconds
from omnimind_ops.tools.docker import parse_inspect
from tests.engine_double import container

RIM = '#!/bin/sh\necho "$*" >> {calls}\n'


def of(service: str, timeout: int | None = None) -> Container:
    import json

    raw = container(service, f"omnimind_{service}_1", service)
    config = raw["Config"]
    assert isinstance(config, dict)
    config["StopTimeout"] = timeout
    return parse_inspect(json.dumps([raw]))[0]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("1m30s", 90),
        ("90s", 90),
        (90, 90),
        ("1h", 3600),
        ("1.5s", 2),
        ("250ms", 1),
        ("0s", 0),
        (None, None),
        ("?", None),
    ],
)
def test_compose_durations(period: JSON, expected: int | None) -> None:
    assert seconds(period) == expected


def test_the_engines_word_counts_before_the_file_and_the_file_before_the_default() -> None:
    document: dict[str, JSON] = {"services": {"web": {"stop_grace_period": "3s"}, "qdrant": {"image": "qdrant"}}}
    found = [observed._with_file(of(*one), document) for one in (("web", None), ("web", 7), ("qdrant", None))]
    named = [replace(one, id=str(number)) for number, one in enumerate(found)]
    assert graces(named, {"2"}) == {"0": 3, "1": 7, "2": 60}
    assert graces([of("web"), of("redis", -1)], {"redis"}) == {"web": 10, "redis": 3600}


def test_the_plan_says_how_long_each_may_take_and_each_is_stopped_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"a": 3, "b": 10, "q": 60}
    source = Source("p", ("a", "b", "q"), ("a", "b"), ("q",), (), (), None, None, graces=times)
    steps = {step.id: step for step in migrate(source, Goal(), 10).steps}
    writers = Task.of(steps["stop-writers"], ContainersPayload).payload
    assert (writers.act, writers.graces) == (Act.STOP, {"a": 3, "b": 10})
    calls = tmp_path / "calls"
    (tmp_path / "docker").write_text(RIM.format(calls=calls))
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stop_containers({**times, "c": 3})
    assert sorted(calls.read_text().splitlines()) == ["stop --time=10 b", "stop --time=3 a c", "stop --time=60 q"]
