"""The script for machines with a GPU, tried on the CPU, so that it works on the day a GPU can be had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.backend import reference

ROOT = Path(__file__).parents[3]
BARE = """
import runpy, sys
for name in ("tokenizers", "transformers", "sentence_transformers", "safetensors", "pynvml", "pydantic", "openvino", "orjson", "httpx"):
    sys.modules[name] = None
runpy.run_module("tests.gpu", run_name="__main__")
"""


def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, last line, everything on stdout."""
    done = reference.run(*arguments, "--model", reference.model_folder(), cwd=ROOT, check=False, OMP_NUM_THREADS="1")
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stdout


def test_all_that_needs_no_card_passes_on_the_cpu() -> None:
    code, outcome, result = run(
        "-m",
        "tests.gpu",
        "--device",
        "cpu",
        "--texts",
        "8",
        "--rounds",
        "1",
        "--markdown",
        "--only",
        "proof,agreement,throughput,hidden",
    )
    assert (code, outcome["failed"], outcome["skipped"]) == (0, [], [])
    assert outcome["numbers"]["agreement"]["exact"]["cosine"] >= 0.99999
    assert outcome["numbers"]["throughput"]["baseline"] == "sentence-transformers f32"
    assert "| check | result | what was seen |" in result


def test_torch_and_numpy_are_enough() -> None:
    """As on a machine that has nothing else: what is missing is said, not stumbled over."""
    code, result, _ = run(
        "-c", BARE, "--device", "cpu", "--texts", "8", "--rounds", "1", "--only", "proof,reference,throughput"
    )
    assert (code, result["failed"]) == (0, [])
    assert result["skipped"] == ["reference"]
    assert result["numbers"]["throughput"]["baseline"].startswith("plain loop")


def test_a_machine_without_a_card_is_told_so_once() -> None:
    code, outcome, result = run("-m", "tests.gpu")
    assert code == 1
    assert outcome["failed"] == ["probe"]
    assert len(outcome["skipped"]) == 12
    assert "there is no card that works" in result
