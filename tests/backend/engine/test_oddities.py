"""Folders that are not the usual: prompts, spaces that matter, lower case, texts as long as books, graphs instead of
weights.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from backend.engine import folder
from backend.engine.cpu import runner
from backend.engine.runner import Options
from backend.engine.tokeniser import Tokeniser
from omnimind_ops.bench import corpus
from omnimind_ops.model.problem import Problem

from .conftest import Reference
from .test_agreement import embed, least_cosine


@pytest.mark.parametrize("name", ["prompted", "lower case"])
def test_prompt_spaces_and_lower_case_are_those_of_sentence_transformers(
    name: str, reference: Reference, tmp_path: Path
) -> None:
    assert least_cosine(embed(reference.folders[name], "exact", tmp_path), reference.rows[name]) >= 0.9999


@pytest.mark.parametrize("mode", ["exact", "auto"])
@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_a_graph_instead_of_weights(kind: str, mode: str, reference: Reference, tmp_path: Path) -> None:
    made = shutil.copytree(reference.folders["exported"], tmp_path / "made")
    if kind == "openvino":
        model = ov.Core().read_model(made / "onnx/model.onnx")
        (made / "openvino").mkdir()
        ov.save_model(model, made / "openvino/openvino_model.xml", compress_to_fp16=False)
        shutil.rmtree(made / "onnx")
    loaded = runner.load(folder.read(made), Options(mode=mode, state=tmp_path))
    assert str(loaded.details["weights"]).endswith(".onnx" if kind == "onnx" else ".xml")
    loaded.close()
    assert least_cosine(embed(made, mode, tmp_path), reference.rows["bert mean_tokens"]) >= 0.999


def test_a_graph_cannot_be_rounded_and_says_so(reference: Reference, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="prebuilt graph") as refused:
        runner.load(folder.read(reference.folders["exported"]), Options(mode="fast", state=tmp_path))
    assert "OMNIMIND_MODE=auto" in refused.value.fix


@pytest.mark.parametrize("name", ["bert", "roberta", "prompted"])
def test_fast_says_how_near_it_comes_to_float32(name: str, reference: Reference, tmp_path: Path) -> None:
    loaded = runner.load(folder.read(reference.folders[name]), Options(mode="fast", state=tmp_path))
    assert loaded.precision == "i8"
    assert 0.99 <= float(str(loaded.details["agreement"])) <= 1
    loaded.close()


def test_a_precision_that_strays_is_not_used(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MIN_COSINE", {"bf16": 1.1, "i8": 1.1})
    loaded = runner.load(folder.read(model), Options(mode="auto", state=tmp_path))
    assert loaded.precision == "f32"
    loaded.close()
    with pytest.raises(Problem, match="differs from float32"):
        runner.load(folder.read(model), Options(mode="fast", state=tmp_path))


BOOK = " ".join(corpus.texts(300))


@pytest.mark.parametrize(
    "text",
    [BOOK, "x" * 50_000, "  \n" * 20_000 + "end", "𝛼" * 30_000, BOOK.replace(" ", " " * 90)],
    ids=["book", "one word", "spaces", "letters", "wide"],
)
def test_a_very_long_text_is_read_as_far_as_the_model_reads(text: str, model: Path) -> None:
    tokeniser = Tokeniser(folder.read(model))
    tokens = tokeniser.encode([text], truncate=True)
    whole = tokeniser._tokenizer.encode(text)
    assert tokens.ids[0].tolist() == whole.ids
    assert tokens.cut[0] == bool(whole.overflowing)


def test_weights_of_an_unknown_family_give_way_to_a_graph(reference: Reference, tmp_path: Path) -> None:
    made = shutil.copytree(reference.folders["exported"], tmp_path / "made")
    shutil.copy(reference.folders["bert mean_tokens"] / "model.safetensors", made)
    loaded = runner.load(folder.read(made), Options(mode="exact"))
    assert loaded.details["weights"] == "safetensors"
    config = (made / "config.json").read_text()
    (made / "config.json").write_text(config.replace('"model_type": "bert"', '"model_type": "another"'))
    other = runner.load(folder.read(made), Options(mode="exact"))
    assert other.details["weights"] == "model.onnx"
    assert np.allclose(loaded.encode([[101, 2023, 102]]), other.encode([[101, 2023, 102]]), atol=1e-5)
