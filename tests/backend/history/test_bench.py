"""/bench: saved results as they are, whatever else lies in their folder."""

from __future__ import annotations

import json
import os

import pytest

from tests.backend.history.conftest import Past

FIGURES = {
    "p50_ms": 4.2,
    "p95_ms": 6.0,
    "p99_ms": 9.5,
    "min_ms": 3.9,
    "max_ms": 12.0,
    "mean_ms": 4.6,
    "sd_ms": 1.1,
    "total_ms": 460.0,
}
RESULT = {
    "schema": "omnimind.bench/1",
    "name": "embeddings-1",
    "case": "embeddings",
    "made": "2026-11-25T10:00:00+00:00",
    "settings": {"n": 100, "batch": 8, "corpus": "sentences — Português"},
    "environment": {"cpu": "x", "cores": 2},
    "device": "cpu",
    "stages": [{"name": "tokenise", **FIGURES, "note": ""}],
    "total": FIGURES,
    "texts_per_s": 217.39,
    "histogram": [[3.0, 5.0, 90], [5.0, 13.0, 10]],
    "repeats": 3,
    "noise": {"verdict": "stable", "cv": 0.02},
    "sum_check": {"wall_ms": 461.0, "sum_ms": 460.0, "difference": 0.002},
    "interrupted": False,
}


def save(past: Past, name: str, **other: object) -> bytes:
    """Write a result as the command does; return its bytes."""
    body = json.dumps({**RESULT, "name": name, **other}, indent=1, ensure_ascii=False).encode()
    (past.bench / f"{name}.json").write_bytes(body)
    return body


def test_no_folder_is_no_results(past: Past) -> None:
    past.bench.rmdir()
    assert past.get("/bench").json() == {"results": []}


def test_a_document_comes_as_it_was_saved(past: Past) -> None:
    body = save(past, "embeddings-1", of_a_later_version={"deep": [1, {"er": None}]})
    answer = past.get("/bench/embeddings-1")
    assert answer.status_code == 200
    assert answer.content == body
    assert answer.headers["content-type"] == "application/json"


def test_the_list_has_the_newest_first_with_the_figures_of_the_whole(past: Past) -> None:
    save(past, "old", made="2026-11-24T10:00:00+00:00")
    save(past, "new", made="2026-11-26T10:00:00+00:00", case="cluster", killed=3, interrupted=True)
    old, new = past.get("/bench").json()["results"][::-1]
    assert [item["name"] for item in (new, old)] == ["new", "old"]
    assert (old["case"], old["device"], old["settings"], old["total"], old["interrupted"], old["problem"]) == (
        "embeddings", "cpu", RESULT["settings"], FIGURES, False, "",
    )  # fmt: skip
    assert old["more"] == {"schema": "omnimind.bench/1", "texts_per_s": 217.39, "repeats": 3}
    assert (new["case"], new["interrupted"], new["more"]["killed"]) == ("cluster", True, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b'{"case": "embeddings", "total": ', "unexpected end"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"total": {"p50_ms": NaN}}', "unexpected"),
        (b"\xff\xfe", ""),
        (b'{"case": 7, "total": "fast"}', "validation error"),
        (b"[" * 100_000, "depth"),
    ],
)
def test_a_broken_file_says_so_and_hides_no_other(past: Past, content: bytes, why: str) -> None:
    save(past, "good")
    (past.bench / "broken.json").write_bytes(content)
    answer = past.get("/bench")
    assert answer.status_code == 200
    body = {result["name"]: result for result in answer.json()["results"]}
    assert body["good"]["problem"] == ""
    assert why in body["broken"]["problem"]
    assert body["broken"]["problem"]


def test_a_broken_document_is_a_conflict_with_a_way_out(past: Past) -> None:
    (past.bench / "broken.json").write_bytes(b'{"case": ')
    answer = past.get("/bench/broken")
    assert (answer.status_code, answer.json()["title"]) == (409, "the result cannot be read")
    assert "broken.json" in answer.json()["fix"]


@pytest.mark.parametrize(
    "name", ["..%2Fsecret", "%2e%2e%2fsecret", "..%2e", ".hidden", "%2Fetc%2Fpasswd", "a%00b", "a%5Cb", "x" * 101, "ç"]
)
def test_nothing_outside_of_the_folder_has_a_name(past: Past, name: str) -> None:
    (past.state / "secret.json").write_text('{"password": "s3cret"}')
    (past.bench / ".hidden.json").write_text("{}")
    answer = past.get(f"/bench/{name}")
    assert answer.status_code in (400, 404, 422), answer.text
    assert "s3cret" not in answer.text
    assert past.get("/bench").json() == {"results": []}


def test_what_is_no_result_is_not_listed(past: Past) -> None:
    save(past, "good")
    (past.bench / "notes.txt").write_text("x")
    (past.bench / ".new.json.part").write_text("x")
    (past.bench / "folder.json").mkdir()
    (past.bench / "with space.json").write_text("{}")
    assert [result["name"] for result in past.get("/bench").json()["results"]] == ["good"]
    assert past.get("/bench/folder").status_code == 409
    assert past.get("/bench/none").status_code == 404


def test_a_file_that_is_no_measurement_by_its_size_is_not_read(past: Past) -> None:
    with (past.bench / "huge.json").open("wb") as file:
        file.truncate(40 * 1024 * 1024)
    assert "bytes" in past.get("/bench").json()["results"][0]["problem"]
    assert past.get("/bench/huge").status_code == 409


def test_a_folder_full_of_results_shows_the_newest(past: Past) -> None:
    for number in range(520):
        save(past, f"r{number}", made=f"2026-11-25T10:{number // 60:02}:{number % 60:02}+00:00")
        os.utime(past.bench / f"r{number}.json", (1_800_000_000 + number,) * 2)
    names = [result["name"] for result in past.get("/bench").json()["results"]]
    assert names == [f"r{number}" for number in range(519, 19, -1)]


@pytest.mark.parametrize("path", ["/bench", "/bench/r", "/runs", "/runs/r"])
def test_who_may_not_read_may_not_look_back(past: Past, path: str) -> None:
    save(past, "r")
    with past.core.client() as nobody:
        assert nobody.get(path).status_code == 401
        assert nobody.post(path).status_code == 405
    with past.core.another(**past.variables, OMNIMIND_OPEN_READS="yes") as worker, past.core.client(worker) as anybody:
        assert anybody.get(path).status_code == (404 if path == "/runs/r" else 200)


def test_a_name_may_hold_dots(past: Past) -> None:
    save(past, "search-2.1+cuda")
    assert past.get("/bench/search-2.1+cuda").status_code == 200
