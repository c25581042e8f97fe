"""Documents fit their published schema, are compared with their like, and are held against what was required."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from rich.text import Text

from omnimind_ops.bench import compare, document, requirements
from omnimind_ops.bench.arrivals import Arrival, achieved_rate
from omnimind_ops.bench.document import Measurement
from omnimind_ops.bench.exact import Exact
from omnimind_ops.bench.stages import Exchange, embedding_figures, sample, stage_rows, sum_check
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.render.bench.markdown import markdown
from omnimind_ops.render.bench.table import draw
from omnimind_ops.render.sheet import Sheet
from tests.bench.server import valid

MACHINE = {
    "machine": "0123456789abcdef", "cpu": "AMD EPYC", "cores": 2, "memory": 8 << 30, "gpu": "", "driver": "", "kernel": "6.8.0", "python": "3.11.2",
    "omnimind": "0.1.0", "governor": "performance", "load": [0.1, 0.2, 0.3], "versions": {},
}  # fmt: skip
SETTINGS = {
    "n": 1000,
    "batch": 32,
    "concurrency": 1,
    "device": "auto",
    "cache": "cold",
    "target": "native",
    "corpus": "v1",
    "qdrant": True,
}


def made(
    inference: float = 80.0, told: bool = True, interrupted: bool = False, name: str = "a", **settings: object
) -> dict[str, Any]:
    """A document of 96 samples in three repeats."""
    stages = {"tokenise": 1.0, "inference": inference, "qdrant": 2.0, "cache": 1.5, "backend": 1.0} if told else {}
    samples = [sample([Exchange(inference + 8.0 + at / 100, 0.2, 0.3, 0.5, stages)]) for at in range(96)]
    notes = (
        {
            "redis": "cold: looked up, computed, written",
            "qdrant": "warm: one query per batch",
            "inference": "cpu, all-MiniLM-L6-v2",
        }
        if told
        else {}
    )
    walls = [item.wall for item in samples]
    measurement = Measurement(
        "embeddings", "cpu", walls, [80.0, 80.5, 81.0], [2600.0, 2610.0, 2620.0], stage_rows(samples, 3, notes), sum_check(samples), 383.1, interrupted,
        {"route": "POST /embed and GET /search", "model": "m", "embedding": dict(embedding_figures(samples, 3)), "cache": {"hits": 0, "misses": 3000}},
    )  # fmt: skip
    return document.document(
        measurement, {**SETTINGS, **settings}, MACHINE, name=name, created="2026-11-25T12:00:00+00:00"
    )


@pytest.mark.parametrize(
    "one", [made(), made(told=False), made(interrupted=True)], ids=["told", "not told", "interrupted"]
)
def test_a_document_fits_the_published_schema(one: dict[str, Any]) -> None:
    valid(one)
    valid(
        {
            **one,
            "requirements": [requirements.parse(["p95<1ms"])[0].evaluate(one)],
            "comparison": compare.comparison(one, made()),
        }
    )


def test_a_measurement_without_a_sample_fits_it_too() -> None:
    valid(
        document.document(
            Measurement("cluster", interrupted=True),
            {"target": "native", "device": "auto"},
            MACHINE,
            name="",
            created="2026-11-25T12:00:00+00:00",
        )
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"case": "coffee"},
        {"schema": "omnimind.bench/2"},
        {"interrupted": "no"},
        {"stages": [{"name": "x"}]},
        {"made": "yesterday"},
    ],
)
def test_the_schema_refuses_what_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        valid({**made(), **wrong})


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("p95<210ms", True), ("p95<0.08s", False), ("p50 >= 88 ms", True), ("inference.p50=80ms", True), ("inference.p99<80ms", False), ("embedding.mean<82", True),
        ("texts_per_s>383/s", True), ("texts_per_s>400", False), ("total<2.62s", True), ("total<=2600ms", False), ("unaccounted<5%", True), ("cv<0.1%", False),
        ("max<1min", True), ("recall>0.9", False), ("lost<1", False), ("total.p50<90ms", True), ("serialise.p50<1ms", False), ("p50<90000us", True),
    ],
)  # fmt: skip
def test_requirements_hold_or_not_and_what_was_not_measured_does_not(text: str, ok: bool) -> None:
    assert requirements.parse([text])[0].evaluate(made())["ok"] is ok


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p95",
        "p95<",
        "<5ms",
        "p95<5kg",
        "speed<5",
        "p95!5ms",
        "p95<-1ms",
        "recall>5ms",
        "p95<1e3ms",
        "inference.p42<5ms",
        "__class__>1",
    ],
)
def test_what_is_no_requirement_is_wrong_usage(text: str) -> None:
    with pytest.raises(Problem) as problem:
        requirements.parse([text])
    assert problem.value.code is ExitCode.USAGE


def test_the_same_work_on_the_same_machine_is_compared_whatever_target_and_device() -> None:
    compare.refuse_incomparable(made(target="native", device="gpu"), made(target="docker", device="cpu"))


@pytest.mark.parametrize(
    "setting", [{"n": 10}, {"batch": 1}, {"concurrency": 8}, {"cache": "warm"}, {"corpus": "v2"}, {"qdrant": False}]
)
def test_other_work_is_refused(setting: dict[str, object]) -> None:
    with pytest.raises(Problem, match=next(iter(setting))):
        compare.refuse_incomparable(made(), made(**setting))


@pytest.mark.parametrize(
    "other", [{"cpu": "Z80"}, {"cores": 4}, {"memory": 4 << 30}, {"gpu": "GTX 1650"}, {"machine": "f" * 16}]
)
def test_another_machine_is_refused(other: dict[str, object]) -> None:
    before = made()
    before["environment"] = {**MACHINE, **other}
    with pytest.raises(Problem, match="another machine"):
        compare.refuse_incomparable(made(), before)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (80.0, 20.0, "× faster"),
        (20.0, 80.0, "not faster: "),
        (80.0, 80.5, "not faster: within noise"),
        (80.0, 78.0, "not faster: within noise"),
    ],
)
def test_the_verdict_may_be_that_it_is_not_faster(before: float, now: float, words: str) -> None:
    assert words in compare.comparison(made(now), made(before))["verdict"]  # type: ignore[operator]


def test_noise_makes_a_verdict_careful() -> None:
    assert compare.verdict(1.3, 0.05) == "1.3 × faster"
    assert compare.verdict(1.3, 0.4) == "within noise"


def test_what_a_stranger_does_not_tell_is_a_note_and_no_refusal() -> None:
    before = made(cache="not told", target="docker")
    compare.refuse_incomparable(made(), before)
    assert "cache: not told → cold" in compare.comparison(made(), before)["notes"]  # type: ignore[operator]


def test_what_may_be_why_is_said() -> None:
    before = made(target="docker")
    before["device"], before["interrupted"] = "cuda:0", True
    assert set(compare.comparison(made(), before)["notes"]) == {
        "device: cuda:0 → cpu",
        "target: docker → native",
        "a was interrupted",
    }  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize(
    "one", [made(), made(told=False), made(interrupted=True)], ids=["told", "not told", "interrupted"]
)
def test_no_line_is_wider_than_the_terminal(width: int, one: dict[str, Any]) -> None:
    one = {
        **one,
        "comparison": compare.comparison(one, made(20.0)),
        "requirements": [requirements.parse(["p95<1ms"])[0].evaluate(one)],
    }
    lines = draw(one, Sheet(width, 0, 0))
    assert max(line.cell_len for line in lines) <= width
    assert all(isinstance(line, Text) for line in lines)


def test_the_table_tells_cold_and_warm_the_device_and_that_it_adds_up() -> None:
    text = "\n".join(line.plain for line in draw(made(), Sheet(120, 0, 0)))
    assert "Redis (cold)" in text and "Qdrant (warm)" in text and "cpu, all-MiniLM-L6-v2" in text
    assert "stages add up" in text and "383.1 texts/s" in text and "3 repeats, stable" in text
    assert "█" in text
    assert "not reported" in "\n".join(line.plain for line in draw(made(told=False), Sheet(120, 0, 0)))


def test_a_terminal_without_utf8_gets_ascii() -> None:
    lines = draw({**made(), "comparison": compare.comparison(made(), made(20.0))}, Sheet(100, 0, 0, ascii=True))
    assert all(line.plain.isascii() for line in lines)


def test_markdown_has_a_row_for_each_stage() -> None:
    result = markdown({**made(), "comparison": compare.comparison(made(), made(20.0))})
    assert result.count("\n| ") >= 14 + 4
    assert "| Redis (cold) |" in result and "| **total** |" in result and "Against `a`" in result


def test_recall_counts_ties_and_misses_what_is_missing() -> None:
    exact = Exact(["a", "b", "c", "d"], [[1, 0], [0.8, 0.6], [0.8, -0.6], [0, 1]], "Cosine")
    assert exact.recall([1, 0], ["a", "b"], 2) == 1.0
    assert exact.recall([1, 0], ["a", "c"], 2) == 1.0, "b and c are as near"
    assert exact.recall([1, 0], ["a", "d"], 2) == 0.5
    assert exact.recall([1, 0], ["a", "a"], 2) == 0.5
    assert exact.recall([1, 0], [], 2) == 0.0
    assert exact.recall([1, 0], ["a", "b", "c", "d"], 10) == 1.0


@pytest.mark.parametrize(
    ("distance", "nearest"), [("Cosine", "far"), ("Dot", "far"), ("Euclid", "near"), ("Manhattan", "near")]
)
def test_distances_are_the_collections_own(distance: str, nearest: str) -> None:
    exact = Exact(["near", "far"], [[1.0, 0.5], [10.0, 1.0]], distance)
    assert exact.nearest(exact.scores([1.0, 0.0]), 1).ids == (nearest,)


def test_what_users_waited_counts_from_when_they_came() -> None:
    arrival = Arrival(due=1.0, sent=1.9, ended=2.0, backend="x")
    assert (round(arrival.latency), round(arrival.service)) == (1000, 100)
    assert achieved_rate([arrival, Arrival(0.0, 0.0, 0.5, "")]) == 0.5
    assert achieved_rate([]) == 0.0
