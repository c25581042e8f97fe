"""The gate before the GPU, against real child processes and a driver library of our own that fails as we say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.engine.gpu import gate as gpu_gate
from backend.engine.gpu.errors import CUDA_ERRORS, recognise
from tests.backend.reference import cannot

HERE = Path(__file__).parent
WITH_CODES = (3, 34, 46, 100, 101, 200, 209, 222, 304, 700, 719, 800, 802, 803, 804, 999)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library, for LD_LIBRARY_PATH."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        cannot("there is no C compiler to build the driver library of this test with")
    folder = tmp_path_factory.mktemp("driver")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", folder / "libcuda.so.1", HERE / "fake_cuda.c"], check=True, timeout=60
    )
    return folder


def ask(monkeypatch: pytest.MonkeyPatch, folder: Path, seconds: float = 60, **environment: str) -> gpu_gate.Probe:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    return gpu_gate.ask(seconds)


@pytest.mark.parametrize("code", WITH_CODES)
def test_every_code_of_the_driver_is_told_in_words_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, driver: Path, code: int
) -> None:
    response = ask(monkeypatch, driver, FAKE_CUDA=str(code))
    assert not response.ok
    assert response.error
    assert response.error.code == code
    assert response.error.text == "as the driver words it"
    assert response.error.meaning == CUDA_ERRORS[code].meaning
    assert len(response.error.fix) > 20
    assert str(code) in response.reason


def test_a_driver_that_shows_no_card_is_code_100(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    response = ask(monkeypatch, driver, FAKE_CUDA_CARDS="0")
    assert response.error
    assert response.error.code == 100


def test_an_unlisted_code_is_passed_on(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    response = ask(monkeypatch, driver, FAKE_CUDA="4711")
    assert response.error
    assert response.error.code == 4711


def test_a_driver_that_hangs_holds_nobody(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    before, start = _children(), time.monotonic()
    response = ask(monkeypatch, driver, seconds=3, FAKE_CUDA="hang")
    assert time.monotonic() - start < 3 + 10  # bounded; without the gate it would not end
    assert not response.ok
    assert response.error
    assert "hangs" in response.error.meaning
    assert _children() == before


def test_a_driver_that_crashes_kills_only_the_child(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    response = ask(monkeypatch, driver, FAKE_CUDA="crash")
    assert not response.ok
    assert "SIGABRT" in response.reason


def test_a_card_without_torch_says_which_package_is_missing(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    response = ask(monkeypatch, driver)
    assert not response.ok
    assert response.driver_cuda == "12.2"
    assert "torch" in response.reason


def test_a_hidden_card_is_a_choice_and_not_a_fault(monkeypatch: pytest.MonkeyPatch, driver: Path) -> None:
    response = ask(monkeypatch, driver, CUDA_VISIBLE_DEVICES="")
    assert not response.ok
    assert "on purpose" in response.reason


def test_the_probe_prints_one_line_of_json_and_exits_with_1_where_nothing_works(tmp_path: Path) -> None:
    """On a machine without a driver, and in an environment without torch: LD_LIBRARY_PATH leads nowhere."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    child = subprocess.run(
        [sys.executable, "-m", "backend.engine.gpu.probe"], capture_output=True, text=True, timeout=60, env=environment
    )
    assert child.returncode == 1
    assert child.stderr == ""
    data = json.loads(child.stdout)
    assert data["ok"] is False
    assert set(data["error"]) == {"code", "text", "meaning", "fix"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors might be…", 209),
        ("The NVIDIA driver on your system is too old (found version 12020). Please update your GPU driver", 35),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", 2),
        (
            "CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable CUDA_VISIBLE_DEVICES",
            999,
        ),
        ("CUDA error: unknown error", 999),
        ("CUDA error: an illegal memory access was encountered", 700),
        ("No CUDA GPUs are available", 100),
        ("CUDA error: OS call failed or operation not supported on this OS", 304),
        ("Unexpected error from cudaGetDeviceCount(). Error 802: system not yet initialized", 802),
        ("Error 803: system has unsupported display driver / cuda driver combination", 803),
        ("Error 804: forward compatibility was attempted on non supported HW", 804),
        (
            "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before…? Error 36: API call is not supported",
            36,
        ),
        ("the provided PTX was compiled with an unsupported toolchain.", 222),
        ("CUDA error: initialization error", 3),
        ("CUDA error: invalid device ordinal", 101),
    ],
)
def test_the_words_of_torch_are_recognised(text: str, code: int | None) -> None:
    result = recognise(text)
    assert result.code == code
    assert "\n" not in result.text


def _children() -> list[str]:
    """Names of the processes that this one started and that still run."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
