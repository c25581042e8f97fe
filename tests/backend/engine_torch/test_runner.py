"""The torch runner against sentence-transformers, executed by a Python that has both (torch is not in the environment
of the tests).
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from tests.backend import reference

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("reference.py")


@pytest.fixture(scope="module")
def model() -> Path:
    """The folder of the default model."""
    return reference.model_folder()


@pytest.fixture(scope="module")
def agreement(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return check("agreement", model, tmp_path_factory.mktemp("agreement"))


def check(name: str, model: Path, folder: Path) -> dict[str, Any]:
    """Run one check of reference.py and return what it found."""
    done = reference.run(SCRIPT, name, model, folder, cwd=folder, OMP_NUM_THREADS="1")
    data: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return data


def test_embeddings_are_those_of_sentence_transformers(agreement: dict[str, Any]) -> None:
    """Long, empty, other scripts; in any order and in batches of any size."""
    result = agreement
    for how in ("exact", "one_by_one", "small_batches", "backwards"):
        assert result[how] >= 0.99999, how
    assert result["auto"] >= 0.999
    assert result["same_again"]
    assert result["lists"]
    assert result["none"] == [0, 384]
    assert result["shape"] == [384, 256, 384]
    assert result["dtype"] == "float32"
    assert result["length"] == pytest.approx([1, 1], abs=1e-5)
    assert result["proof"]["ok"]


def test_the_digest_changes_with_the_precision_and_nothing_else(agreement: dict[str, Any]) -> None:
    exact, small, auto = agreement["digests"]
    assert exact == small
    assert len(exact) == 16
    assert (auto == exact) == (agreement["auto_precision"] == "f32")


def test_both_encoders_give_the_embeddings_of_sentence_transformers(model: Path, tmp_path: Path) -> None:
    """In odd order, of any length, in other scripts, one text, none."""
    result = check("encoders", model, tmp_path)
    for name in ("packed", "transformers"):
        encoder = result[name]
        assert encoder["all"] >= 0.99999
        assert encoder["one"] >= 0.99999
        assert encoder["long"] == [256, pytest.approx(1, abs=1e-5)]
        assert encoder["backwards"] >= 0.99999
        assert encoder["none"] == [0, 384]
    assert result["both"] >= 0.99999
    assert result["packed"]["encoder"] == ["packed", False, "grouped"]
    assert result["transformers"]["encoder"] == ["transformers", True, "sdpa"]
    assert result["packed"]["digest"] == result["transformers"]["digest"]  # a cache filled by one serves the other


def test_both_encoders_pass_their_proof_in_every_mode(model: Path, tmp_path: Path) -> None:
    result = check("encoder proof", model, tmp_path)
    assert result.pop("references") == 1  # computed once, then read
    assert len(result) == 6
    assert {
        how: reason for how, reason in result.items() if not reason.startswith(f"the {how.split()[1]} encoder passed")
    } == {}


@pytest.fixture(scope="module")
def take_over(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The engine's selection of a device, once for each way to break the packed encoder."""
    folder = tmp_path_factory.mktemp("take-over")
    openvino = importlib.util.find_spec("openvino")
    assert openvino and openvino.submodule_search_locations
    (folder / "openvino").symlink_to(Path(openvino.submodule_search_locations[0]).parent)
    return check("take over", model, folder)


def proven_cosine(encoder: str, reason: str) -> float:
    """The cosine in the reason: `the packed encoder passed its proof: cosine 0.999999 …`."""
    return float(reason.split(f"the {encoder} encoder passed its proof: cosine ")[1].split()[0])


def test_the_packed_encoder_serves_once_it_has_passed_its_proof(take_over: dict[str, Any]) -> None:
    result = take_over["nothing"]
    assert result["encoder"] == "packed"
    assert result["reason"] == f"the card of this test works; {result['because']}"
    assert proven_cosine("packed", result["because"]) >= 0.99999
    assert result["log"] == ""
    assert result["cosine"] >= 0.99999
    assert take_over["references"] == 1


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("mixed", "failed its proof: cosine 0."),
        ("long texts", "failed its proof: cosine 0.9"),
        ("zero", "failed its proof: cosine 0.000000"),
        ("not finite", "failed: cannot embed with model: its embeddings contain NaN or infinity"),
        ("construction", "failed: AttributeError: '_OpNamespace' 'aten' object has no attribute"),
        ("at proof", "failed: cannot embed on CPU: a kernel accessed invalid memory"),
    ],
)
def test_transformers_takes_over_from_a_packed_encoder_that_fails(
    broken: str, why: str, take_over: dict[str, Any]
) -> None:
    """Every failure is found at the start, and the reason is shown; the embeddings are right."""
    result = take_over[broken]
    assert result["encoder"] == "transformers"
    assert result["reason"].startswith(f"the card of this test works; the packed encoder {why}")
    assert proven_cosine("transformers", result["because"]) >= 0.99999
    assert f"ERROR the packed encoder {why}" in result["log"]
    assert "WARNING embedding with the transformers encoder" in result["log"]
    assert result["cosine"] >= 0.99999
    assert result["proof"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("both", "the transformers encoder failed its proof: cosine 0."),
        ("no transformers", "the package transformers cannot be imported"),
    ],
)
def test_the_cpu_takes_over_when_both_encoders_fail(broken: str, why: str, take_over: dict[str, Any]) -> None:
    result = take_over[broken]
    assert result["encoder"] == "openvino"
    assert result["reason"].startswith("gpu expected but running on cpu: the packed encoder failed: AttributeError")
    assert why in result["reason"]
    assert result["cosine"] >= 0.99999


def test_in_float32_the_digest_is_that_of_the_cpu_runner(agreement: dict[str, Any], model: Path) -> None:
    """Both make the same vectors: a cache filled by one serves the other."""
    from backend.engine import folder
    from backend.engine.cpu import runner
    from backend.engine.runner import Options

    ours = runner.load(folder.read(model), Options(mode="exact"))
    try:
        assert ours.digest == agreement["digests"][0]
    finally:
        ours.close()


def test_every_family_and_pooling_agrees(model: Path, tmp_path: Path) -> None:
    result = check("families", model, tmp_path)
    assert {name: item["cosine"] for name, item in result.items() if item["cosine"] < 0.99999} == {}
    own = {name.split()[0] for name, entry in result.items() if entry["encoder"] == "packed"}
    assert own == {"bert", "roberta", "distilbert"}  # the rest pads, by transformers


def test_where_memory_runs_out_batches_are_halved_and_grow_again(model: Path, tmp_path: Path) -> None:
    """The limit is the kernel's: the allocation really fails."""
    result = check("memory", model, tmp_path)
    assert result["ran_out"] > 0
    assert result["shrunk"] < 12288
    assert result["rows"] == 120
    assert result["cosine"] >= 0.99999
    assert result["after"] >= 0.99999
    assert result["grown"] > result["shrunk"]


def test_a_text_that_overflows_half_precision_is_calculated_again_in_float32(model: Path, tmp_path: Path) -> None:
    result = check("overflow", model, tmp_path)
    assert result["precision"] == "f16"
    assert result["finite"]
    assert result["again"] == 1
    assert result["cosine"] >= 0.999


def test_what_cannot_be_is_refused_before_it_reaches_the_card(model: Path, tmp_path: Path) -> None:
    outcome = check("refused", model, tmp_path)
    result = outcome["said"]
    assert "0 tokens" in result["no tokens"]
    assert "257 tokens" in result["too long"]
    assert "outside 0 to 30521" in result["unknown token"]
    assert "cannot use the GPU" in result["no card"]
    assert outcome["after"] == [1, 384]
    assert not outcome["gpu"]["ok"]
    assert outcome["gpu"]["detail"]


def test_spare_room_in_a_buffer_changes_no_answer(model: Path, tmp_path: Path) -> None:
    """What a CUDA graph of fixed size relies on, for every pooling."""
    result = check("spare", model, tmp_path)
    assert len(result) == 7
    assert {how: difference for how, difference in result.items() if not difference < 1e-5} == {}
