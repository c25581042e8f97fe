"""A folder that cannot be used is refused with what is wrong and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.engine import folder, settings
from backend.engine.cpu import runner, weights
from backend.engine.runner import Options
from backend.engine.tokeniser import Tokeniser
from omnimind_ops.model.problem import Problem


@pytest.fixture
def copy(model: Path, tmp_path: Path) -> Path:
    made = tmp_path / "copy"
    shutil.copytree(model, made)
    return made


def edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda at: (at / "model.safetensors").unlink(), "model.safetensors is missing"),
    "cut weights": (lambda at: cut(at / "model.safetensors"), "cut short"),
    "empty weights": (lambda at: (at / "model.safetensors").write_bytes(b""), "cannot mmap"),
    "no tokenizer": (lambda at: (at / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "no config": (lambda at: (at / "config.json").unlink(), "config.json is missing"),
    "broken config": (lambda at: (at / "config.json").write_text("{"), "is not JSON"),
    "unknown family": (lambda at: edit(at / "config.json", model_type="t5"), "family t5"),
    "other sizes": (lambda at: edit(at / "config.json", hidden_size=512), "has the shape"),
    "unknown activation": (lambda at: edit(at / "config.json", hidden_act="mish"), "activation is mish"),
    "nothing": (
        lambda at: [path.unlink() for path in at.iterdir() if path.is_file()],
        "neither modules.json nor config.json",
    ),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_folder(spoil: str, copy: Path) -> None:
    change, result = SPOILT[spoil]
    change(copy)
    with pytest.raises(Problem) as caught:
        read = folder.read(copy)
        Tokeniser(read)
        runner.load(read, Options(mode="exact"))
    assert result in caught.value.why
    assert caught.value.fix


def test_the_default_is_found_without_importing_its_package(model: Path) -> None:
    assert settings.find("").path == model
    assert settings.find(str(model)).name == "model"


def test_a_name_that_is_no_folder_needs_the_hub() -> None:
    with pytest.raises(Problem, match="cannot (load|download) the model some-org/some-model"):
        settings.find("some-org/some-model")


@pytest.mark.parametrize(
    ("key", "value"), [("OMNIMIND_MODE", "quick"), ("OMNIMIND_THREADS", "-1"), ("OMNIMIND_QUEUE_TOKENS", "many")]
)
def test_a_setting_that_cannot_be_is_refused(key: str, value: str) -> None:
    with pytest.raises(Problem, match=f"{key}={value}"):
        settings.load({key: value})


def test_two_models_have_two_digests_and_a_copy_has_the_same(copy: Path, model: Path) -> None:
    ours = weights.read(model).digest()
    assert weights.read(copy).digest() == ours
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "model.safetensors").write_bytes(data)
    assert weights.read(copy).digest() != ours
