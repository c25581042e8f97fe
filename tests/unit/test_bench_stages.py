"""Where the time went: the server's words and the client's clock, added up, and nothing filled in."""

from __future__ import annotations

import pytest

from backend.http.timing import Timing
from omnimind_ops.bench import stages
from omnimind_ops.bench.stages import Exchange, parse_server_timing, sample, stage_rows, sum_check

HEADER = "auth;dur=2.00, cache;dur=3.5, tokenise;dur=1, inference;dur=80.0, backend;dur=1.5, total;dur=88.00"
NOTES: dict[str, str] = {}


def test_a_header_is_read_without_its_total() -> None:
    assert parse_server_timing(HEADER) == {
        "auth": 2.0,
        "cache": 3.5,
        "tokenise": 1.0,
        "inference": 80.0,
        "backend": 1.5,
    }


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("miss", {}),
        ('db;dur=53;desc="a, b"', {"db": 53.0}),
        ('db;desc="disk";dur=53.2, app;dur=47', {"db": 53.2, "app": 47.0}),
        ("total;dur=5", {}),
    ],
)
def test_headers_as_others_write_them_are_read_too(header: str, found: dict[str, float]) -> None:
    assert parse_server_timing(header).items() >= found.items()


def test_our_server_tells_stages_that_add_up_to_its_total() -> None:
    timing = Timing()
    with timing.stage("auth"):
        sum(range(20_000))
    with timing.stage("inference"):
        sum(range(200_000))
    sum(range(100_000))
    parts = dict(part.strip().split(";dur=") for part in timing.header().split(","))
    total = float(parts.pop("total"))
    assert sum(map(float, parts.values())) == pytest.approx(total, abs=0.05)
    assert float(parts["backend"]) > 0, "what no stage holds is the backend's own work"
    assert list(parts) == ["auth", "inference", "backend"]


def test_the_servers_stages_become_the_rows_of_the_table() -> None:
    item = sample([Exchange(100.0, 1.0, 2.0, 3.0, parse_server_timing(HEADER))])
    assert item.rows == {
        "request": 2.0,
        "tcp": 1.0,
        "response": 3.0,
        "postgres": 2.0,
        "redis": 3.5,
        "tokenise": 1.0,
        "inference": 80.0,
        "backend": 1.5,
    }
    assert item.is_reported


def test_exchanges_that_belong_together_are_one_row_each() -> None:
    item = sample(
        [
            Exchange(50.0, 1.0, 1.0, 1.0, {"inference": 40.0}),
            Exchange(10.0, 1.0, 1.0, 1.0, {"qdrant": 5.0, "inference": 1.0}),
        ]
    )
    assert (item.wall, item.rows["tcp"], item.rows["inference"], item.rows["qdrant"]) == (60.0, 2.0, 41.0, 5.0)


def test_what_a_server_does_not_tell_is_not_told() -> None:
    rows = {row["name"]: row for row in stage_rows([sample([Exchange(100.0, 1.0, 2.0, 3.0)])], 1, NOTES)}
    assert rows["backend"]["p50_ms"] == 94.0
    assert (rows["inference"]["p50_ms"], rows["inference"]["note"]) == (None, "not reported")
    assert list(rows) == list(stages.ROWS)


def test_a_stage_of_some_samples_only_counts_as_none_in_the_others() -> None:
    rows = {
        row["name"]: row
        for row in stage_rows(
            [
                sample([Exchange(9.0, 1.0, 1.0, 1.0, {"inference": 6.0})]),
                sample([Exchange(3.0, 1.0, 1.0, 1.0, {"cache": 1.0})]),
            ],
            1,
            NOTES,
        )
    }
    assert (rows["inference"]["min_ms"], rows["inference"]["max_ms"]) == (0.0, 6.0)


def test_the_sum_check_bites_when_time_is_in_no_stage() -> None:
    honest = sum_check(
        [sample([Exchange(100.0, 1.0, 1.0, 2.0, parse_server_timing("inference;dur=93, total;dur=93"))])]
    )
    hiding = sum_check(
        [sample([Exchange(100.0, 1.0, 1.0, 2.0, parse_server_timing("inference;dur=43, total;dur=93"))])]
    )
    assert (honest["ok"], honest["difference"]) == (True, 0.03)
    assert (hiding["ok"], hiding["difference"]) == (False, 0.53)


def test_the_sum_check_bites_when_time_is_told_twice() -> None:
    assert sum_check([sample([Exchange(100.0, 1.0, 1.0, 2.0, {"inference": 90.0, "queue": 30.0})])])["ok"] is False


def test_within_five_percent_it_adds_up() -> None:
    for told_ms, ok in ((91.5, True), (90.5, False), (99.0, True)):
        check = sum_check([sample([Exchange(100.0, 1.0, 1.0, 2.0, {"inference": told_ms})])])
        assert check["ok"] is ok, check


def test_without_stages_there_is_nothing_to_check() -> None:
    assert sum_check([sample([Exchange(100.0, 1.0, 1.0, 2.0)])])["ok"] is None
    assert sum_check([])["ok"] is None


def test_a_run_is_what_the_samples_of_one_repeat_took() -> None:
    samples = [sample([Exchange(10.0, 1.0, 1.0, 1.0, {"inference": 7.0})])] * 6
    rows = {row["name"]: row for row in stage_rows(samples, 3, NOTES)}
    assert rows["inference"]["total_ms"] == 14.0
    assert stages.embedding_figures(samples, 3)["total_ms"] == 14.0
