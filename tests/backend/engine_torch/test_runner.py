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
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_embeddings_are_those_of_sentence_transformers(agreement: dict[str, Any]) -> None:
    """Long, empty, other scripts; in any order and in batches of any size."""
    found = agreement
    for how in ("exact", "one_by_one", "small_batches", "backwards"):
        assert found[how] >= 0.99999, how
    assert found["auto"] >= 0.999
    assert found["same_again"]
    assert found["lists"]
    assert found["none"] == [0, 384]
    assert found["shape"] == [384, 256, 384]
    assert found["dtype"] == "float32"
    assert found["length"] == pytest.approx([1, 1], abs=1e-5)
    assert found["proof"]["ok"]


def test_the_digest_changes_with_the_precision_and_nothing_else(agreement: dict[str, Any]) -> None:
    exact, small, auto = agreement["digests"]
    assert exact == small
    assert len(exact) == 16
    assert (auto == exact) == (agreement["auto_precision"] == "f32")


def test_both_encoders_give_the_embeddings_of_sentence_transformers(model: Path, tmp_path: Path) -> None:
    """In odd order, of any length, in other scripts, one text, none."""
    found = check("encoders", model, tmp_path)
    for name in ("packed", "transformers"):
        encoder = found[name]
        assert encoder["all"] >= 0.99999
        assert encoder["one"] >= 0.99999
        assert encoder["long"] == [256, pytest.approx(1, abs=1e-5)]
        assert encoder["backwards"] >= 0.99999
        assert encoder["none"] == [0, 384]
    assert found["both"] >= 0.99999
    assert found["packed"]["encoder"] == ["packed", False, "grouped"]
    assert found["transformers"]["encoder"] == ["transformers", True, "sdpa"]
    assert found["packed"]["digest"] == found["transformers"]["digest"]  # a cache filled by one serves the other


def test_both_encoders_pass_their_proof_in_every_mode(model: Path, tmp_path: Path) -> None:
    found = check("encoder proof", model, tmp_path)
    assert found.pop("references") == 1  # computed once, then read
    assert len(found) == 6
    assert {
        how: reason for how, reason in found.items() if not reason.startswith(f"the {how.split()[1]} encoder passed")
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
    found = take_over["nothing"]
    assert found["encoder"] == "packed"
    assert found["reason"] == f"the card of this test works; {found['because']}"
    assert proven_cosine("packed", found["because"]) >= 0.99999
    assert found["log"] == ""
    assert found["cosine"] >= 0.99999
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
    found = take_over[broken]
    assert found["encoder"] == "transformers"
    assert found["reason"].startswith(f"the card of this test works; the packed encoder {why}")
    assert proven_cosine("transformers", found["because"]) >= 0.99999
    assert f"ERROR the packed encoder {why}" in found["log"]
    assert "WARNING embedding with the transformers encoder" in found["log"]
    assert found["cosine"] >= 0.99999
    assert found["proof"]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("both", "the transformers encoder failed its proof: cosine 0."),
        ("no transformers", "the package transformers cannot be imported"),
    ],
)
def test_the_cpu_takes_over_when_both_encoders_fail(broken: str, why: str, take_over: dict[str, Any]) -> None:
    found = take_over[broken]
    assert found["encoder"] == "openvino"
    assert found["reason"].startswith("gpu expected but running on cpu: the packed encoder failed: AttributeError")
    assert why in found["reason"]
    assert found["cosine"] >= 0.99999


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
    found = check("families", model, tmp_path)
    assert {name: one["cosine"] for name, one in found.items() if one["cosine"] < 0.99999} == {}
    own = {name.split()[0] for name, one in found.items() if one["encoder"] == "packed"}
    assert own == {"bert", "roberta", "distilbert"}  # the rest pads, by transformers


def test_where_memory_runs_out_batches_are_halved_and_grow_again(model: Path, tmp_path: Path) -> None:
    """The limit is the kernel's: the allocation really fails."""
    found = check("memory", model, tmp_path)
    assert found["ran_out"] > 0
    assert found["shrunk"] < 12288
    assert found["rows"] == 120
    assert found["cosine"] >= 0.99999
    assert found["after"] >= 0.99999
    assert found["grown"] > found["shrunk"]


def test_a_text_that_overflows_half_precision_is_calculated_again_in_float32(model: Path, tmp_path: Path) -> None:
    found = check("overflow", model, tmp_path)
    assert found["precision"] == "f16"
    assert found["finite"]
    assert found["again"] == 1
    assert found["cosine"] >= 0.999


def test_what_cannot_be_is_refused_before_it_reaches_the_card(model: Path, tmp_path: Path) -> None:
    found = check("refused", model, tmp_path)
    said = found["said"]
    assert "0 tokens" in said["no tokens"]
    assert "257 tokens" in said["too long"]
    assert "outside 0 to 30521" in said["unknown token"]
    assert "cannot use the GPU" in said["no card"]
    assert found["after"] == [1, 384]
    assert not found["gpu"]["ok"]
    assert found["gpu"]["detail"]


def test_spare_room_in_a_buffer_changes_no_answer(model: Path, tmp_path: Path) -> None:
    """What a CUDA graph of fixed size relies on, for every pooling."""
    found = check("spare", model, tmp_path)
    assert len(found) == 7
    assert {how: difference for how, difference in found.items() if not difference < 1e-5} == {}
