"""What `omnimind bench embeddings` claims is what a real server did, and what it cannot know it does not say."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from tests.bench.server import Backend, bench, document, serving, start, valid

FEW = ("embeddings", "--n", "40", "--batch", "8", "--repeats", "3")


def test_a_requirement_that_a_slowed_backend_misses_is_99_and_one_that_it_meets_is_0(tmp_path: Path) -> None:
    with serving(Backend()) as fast, serving(Backend(told={"inference": 120.0})) as slow:
        good = bench(tmp_path, *FEW, "--target", fast.url, "--require", "p95<100ms", "--json")
        bad = bench(
            tmp_path, *FEW, "--target", slow.url, "--require", "p95<100ms", "--require", "texts_per_s>1", "--json"
        )
    assert good.returncode == 0, good.stderr
    assert bad.returncode == 99
    assert "p95<100ms" in bad.stderr
    assert [requirement["ok"] for requirement in document(bad)["requirements"]] == [False, True]
    assert [row["p50_ms"] for row in document(bad)["stages"] if row["name"] == "inference"] == [120.0]


def test_time_that_the_server_hides_in_no_stage_is_found(tmp_path: Path) -> None:
    with serving(Backend()) as honest, serving(Backend(hidden=0.05)) as hiding:
        good = bench(tmp_path, *FEW, "--target", honest.url, "--no-qdrant", "--json")
        result = bench(tmp_path, *FEW, "--target", hiding.url, "--no-qdrant", "--json")
        shown = bench(tmp_path, *FEW, "--target", hiding.url, "--no-qdrant", "--require", "unaccounted<5%")
    check = document(result)["sum_check"]
    assert check["ok"] is False
    assert check["difference"] > 0.5
    assert check["wall_ms"] - check["sum_ms"] == pytest.approx(50, abs=40)
    assert document(good)["sum_check"]["difference"] < check["difference"]
    assert "DO NOT ADD UP" in shown.stdout
    assert shown.returncode == 99


def test_stages_that_are_told_twice_do_not_add_up_either(tmp_path: Path) -> None:
    backend = Backend()
    backend.told = {"inference": 30.0}
    with serving(backend) as doubled:
        original = backend._embed

        def embed(asked: dict[str, object]) -> tuple[int, dict[str, str], object]:
            status, headers, body = original(asked)
            return status, {**headers, "server-timing": "inference;dur=30, queue;dur=30, total;dur=30"}, body

        backend._embed = embed  # type: ignore[method-assign]
        check = document(bench(tmp_path, *FEW, "--target", doubled.url, "--no-qdrant", "--json"))["sum_check"]
    assert check["ok"] is False
    assert check["difference"] < -0.2


def test_a_run_for_the_gpu_that_the_cpu_did_has_no_result(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        result = bench(tmp_path, *FEW, "--target", backend.url, "--device", "gpu", "--save", "x")
        requested = backend.posts
        assert bench(tmp_path, *FEW, "--target", backend.url, "--device", "cpu").returncode == 0
    assert result.returncode == 1
    assert result.stdout == ""
    assert "gpu was requested, but the responses came from cpu" in result.stderr
    assert requested == 1, "it was found out at the first answer"
    assert not list(tmp_path.rglob("x.json"))


def test_a_device_that_changes_meanwhile_is_no_result(tmp_path: Path) -> None:
    backend = Backend(device="cuda:0")
    original = backend._embed

    def embed(asked: dict[str, object]) -> tuple[int, dict[str, str], object]:
        backend.device = "cuda:0" if backend.posts < 6 else "cpu"
        return original(asked)

    backend._embed = embed  # type: ignore[method-assign]
    with serving(backend):
        result = bench(tmp_path, *FEW, "--target", backend.url)
    assert result.returncode == 1
    assert "changed from cuda:0 to cpu" in result.stderr


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    with serving(Backend(told={"inference": 40.0})) as backend:
        with start(
            tmp_path, "embeddings", "--n", "4000", "--batch", "4", "--target", backend.url, "--save", "part", "--json"
        ) as process:
            while backend.posts < 60:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    data = json.loads(out)
    valid(data)
    assert data["interrupted"] is True
    assert data["repeats"] == 0
    assert data["total"]["p50_ms"] > 40
    assert sum(count for _, _, count in data["histogram"]) >= 30
    assert data["texts_per_s"] > 0
    saved = json.loads(next(tmp_path.rglob("part.json")).read_text())
    assert saved["total"] == data["total"]


def test_a_stranger_is_asked_by_the_routes_that_it_describes_and_what_it_does_not_tell_is_not_told(
    tmp_path: Path,
) -> None:
    with serving(Backend(service="", routes=("/v1/embeddings",))) as backend:
        result = document(bench(tmp_path, *FEW, "--target", backend.url, "--json"))
    assert result["route"] == "POST /v1/embeddings"
    assert (result["device"], result["settings"]["cache"], result["settings"]["qdrant"]) == (
        "not reported",
        "unknown",
        False,
    )
    assert result["texts_per_s"] > 0
    untold = {row["name"] for row in result["stages"] if row["p50_ms"] is None}
    assert untold >= {"tokenise", "queue", "inference", "serialise", "qdrant", "redis"}
    assert {row["note"] for row in result["stages"] if row["name"] in untold} == {"not reported"}
    assert result["sum_check"]["ok"] is None


def test_a_stranger_that_describes_no_route_is_sent_nothing_but_gets(tmp_path: Path) -> None:
    with serving(Backend(service="")) as backend:
        result = document(bench(tmp_path, *FEW, "--target", backend.url, "--json"))
    assert (result["route"], result["texts_per_s"], result["settings"]["asks"]) == ("GET /health/", None, "health")
    assert result["total"]["p50_ms"] > 0
    assert {item.partition(" ")[0] for item in backend.asked} == {"GET"}


def test_the_gpu_of_a_stranger_that_tells_no_device_cannot_be_measured(tmp_path: Path) -> None:
    with serving(Backend(service="", routes=("/embed",))) as backend:
        result = bench(tmp_path, *FEW, "--target", backend.url, "--device", "gpu")
    assert result.returncode == 1
    assert "do not name the device" in result.stderr


def test_a_result_is_compared_with_one_of_the_same_work_and_no_other(tmp_path: Path) -> None:
    with serving(Backend(told={"inference": 60.0})) as slow, serving(Backend(told={"inference": 15.0})) as fast:
        assert bench(tmp_path, *FEW, "--target", slow.url, "--save", "docker").returncode == 0
        result = document(bench(tmp_path, *FEW, "--target", fast.url, "--baseline", "docker", "--json"))
        back = bench(tmp_path, *FEW, "--target", slow.url, "--baseline", "docker")
        posts = fast.posts
        other = bench(tmp_path, "embeddings", "--n", "8", "--batch", "8", "--target", fast.url, "--baseline", "docker")
        assert fast.posts == posts, "refused before anything was measured"
        anyway = bench(
            tmp_path,
            "embeddings",
            "--n",
            "8",
            "--batch",
            "8",
            "--target",
            fast.url,
            "--baseline",
            "docker",
            "--compare-anyway",
        )
    rows = {row["name"]: row for row in result["comparison"]["rows"]}
    assert rows["inference"]["ratio"] == 4.0
    assert "× faster" in result["comparison"]["verdict"]
    assert "not faster" in back.stdout
    assert other.returncode == 1
    assert "n 40, now 8" in other.stderr
    assert anyway.returncode == 0
    assert "different: n 40, now 8" in anyway.stdout


def test_a_baseline_of_another_machine_is_refused(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        bench(tmp_path, *FEW, "--target", backend.url, "--save", "here")
        file = next(tmp_path.rglob("here.json"))
        there = json.loads(file.read_text())
        there["environment"]["cpu"] = "Another 9000"
        (file.parent / "there.json").write_text(json.dumps(there))
        result = bench(tmp_path, *FEW, "--target", backend.url, "--baseline", "there")
    assert result.returncode == 1
    assert "another machine (cpu Another 9000" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--cache", "icy"),
        ("--device", "tpu"),
        ("--require", "p95"),
        ("--require", "p95<2kg"),
        ("--require", "speed>1"),
        ("--target", "moon"),
        ("--save", "../x"),
        ("--batch", "5000"),
        ("--plot", "x.doc"),
    ],
)
def test_wrong_usage_is_64_before_anything_is_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    with serving(Backend()) as backend:
        target = () if "--target" in words else ("--target", backend.url)
        assert bench(tmp_path, *FEW, *target, *words).returncode == 64
    assert not backend.asked


def test_a_cache_that_cannot_be_cleaned_up_is_not_written_to(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        result = bench(tmp_path, *FEW, "--target", backend.url, "--cache", "cold")
    assert result.returncode == 1
    assert "could not be deleted afterwards" in result.stderr
    assert backend.posts == 0


def test_a_login_that_nobody_has_is_a_problem_and_a_token_is_used(tmp_path: Path) -> None:
    with serving(Backend(open_reads=False)) as backend:
        result = bench(tmp_path, *FEW, "--target", backend.url)
        assert bench(tmp_path, *FEW, "--target", backend.url, OMNIMIND_TOKEN="omt_x").returncode == 0
    assert result.returncode == 1
    assert "OMNIMIND_TOKEN" in result.stderr
    assert "omt_x" not in result.stderr + result.stdout


@pytest.mark.parametrize("case", [FEW, ("search",), ("cluster",)], ids=lambda case: case[0])
def test_nobody_at_home_is_a_problem(tmp_path: Path, case: tuple[str, ...]) -> None:
    with serving(Backend()) as backend:
        pass
    result = bench(tmp_path, *case, "--target", backend.url)
    assert result.returncode == 1
    assert "does not answer" in result.stderr


def test_a_picture_and_markdown_are_made(tmp_path: Path) -> None:
    with serving(Backend()) as backend:
        for name in ("a.svg", "a.png"):
            result = bench(tmp_path, *FEW, "--target", backend.url, "--plot", str(tmp_path / name), "--markdown")
            assert result.returncode == 0, result.stderr
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "| inference | 5.00 |" in result.stdout
    assert "| **total** |" in result.stdout


def test_without_matplotlib_it_says_what_to_install_before_it_measures(tmp_path: Path) -> None:
    (tmp_path / "lib/matplotlib").mkdir(parents=True)
    (tmp_path / "lib/matplotlib/__init__.py").write_text("raise ImportError('not here')")
    with serving(Backend()) as backend:
        result = bench(
            tmp_path,
            *FEW,
            "--target",
            backend.url,
            "--plot",
            str(tmp_path / "a.svg"),
            PYTHONPATH=f"{tmp_path / 'lib'}:{Path(__file__).parents[2]}",
        )
    assert result.returncode == 1
    assert "-m pip install 'matplotlib>=3.10'" in result.stderr
    assert not backend.asked


@pytest.mark.parametrize("words", [("--help",), ("embeddings", "--help"), ("all", "--help")])
def test_help_imports_nothing_that_measures_or_draws(tmp_path: Path, words: tuple[str, ...]) -> None:
    """It has a quarter of a second."""
    result = bench(tmp_path, *words, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert result.returncode == 0
    assert "omnimind_ops.cli.bench" in imported
    assert (
        imported
        & {
            "httpx",
            "rich",
            "numpy",
            "redis",
            "http.client",
            "matplotlib",
            "omnimind_ops.settings",
            "omnimind_ops.flows.bench",
            "omnimind_ops.bench.document",
        }
        == set()
    )
