"""Our own code as a wheel: made from a checkout or from an installation of it, always the same bytes, and what
pyproject.toml says it is.
"""

from __future__ import annotations

import email
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from omnimind_ops import __version__, origin
from omnimind_ops.model.problem import Problem

ROOT = Path(__file__).parents[2]
CLEAN = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, as far as a wheel is made of it."""
    copy = tmp_path / "checkout"
    for name in (*origin.PACKAGES, "templates", "locks", "frontend/dist"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy2(ROOT / name, copy / name)
    return copy


def installed(wheel: Path, folder: Path) -> Path:
    """Install a wheel by itself and return its Python."""
    uv = (find_uv_bin(), "--quiet", "--no-config", "--cache-dir", f"{folder}.cache")
    subprocess.run((*uv, "venv", "--python", sys.executable, str(folder)), check=True)
    subprocess.run((*uv, "pip", "install", "--python", str(folder), "--no-index", "--no-deps", str(wheel)), check=True)
    return folder / "bin/python"


def test_a_wheel_from_a_checkout_installed_gives_the_same_wheel_again(tmp_path: Path) -> None:
    first = origin.wheel(tmp_path)
    python = installed(first, tmp_path / "env")
    again = tmp_path / "again"
    again.mkdir()
    ask = f"from pathlib import Path; from omnimind_ops import origin; print(origin.digest()); print(origin.wheel(Path({str(again)!r})))"
    digest, path = subprocess.run(
        (python, "-I", "-c", ask), env=CLEAN, cwd="/", capture_output=True, text=True, check=True
    ).stdout.split()
    assert digest == origin.digest()
    assert Path(path).name == first.name == f"omnimind_ops-{__version__}-py3-none-any.whl" == origin.file_name()
    assert hashlib.sha256(Path(path).read_bytes()).digest() == hashlib.sha256(first.read_bytes()).digest()


def test_it_is_what_the_build_backend_makes(checkout: Path, tmp_path: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "built"),
        str(checkout),
    )
    subprocess.run(command, capture_output=True, check=True)
    (built,) = (tmp_path / "built").iterdir()
    own = origin.wheel(tmp_path)
    assert built.name == own.name
    with zipfile.ZipFile(built) as theirs, zipfile.ZipFile(own) as ours:
        assert sorted(theirs.namelist()) == sorted(ours.namelist())
        info = f"omnimind_ops-{__version__}.dist-info"
        differ = [name for name in ours.namelist() if ours.read(name) != theirs.read(name)]
        assert sorted(differ) == [f"{info}/METADATA", f"{info}/RECORD", f"{info}/WHEEL"]
        item, two = (email.message_from_bytes(archive.read(f"{info}/METADATA")) for archive in (ours, theirs))
    for field in ("Name", "Version", "Summary", "License-Expression", "License-File", "Requires-Python"):
        assert item[field] == two[field]
    for field in ("Requires-Dist", "Provides-Extra"):
        assert {_plain(entry) for entry in item.get_all(field, ())} == {
            _plain(element) for element in two.get_all(field, ())
        }


def _plain(asked: str) -> tuple[str, ...]:
    """A requirement without the order of its versions and extras."""
    what, _, marker = asked.replace(" ", "").partition(";")
    return *sorted(what.replace("[", ",").replace("]", ",").replace("<", ",<").replace(">", ",>").split(",")), marker


def test_the_digest_follows_every_file_and_nothing_else(checkout: Path) -> None:
    before = origin.digest(checkout)
    assert before == origin.digest()
    (checkout / "deploy/__pycache__").mkdir()
    (checkout / "deploy/__pycache__/job.cpython-311.pyc").write_bytes(b"x")
    (checkout / "deploy/.job.py.swp").write_bytes(b"x")
    assert origin.digest(checkout) == before
    observed = {before}
    for name in (
        "omnimind_ops/cli/app.py",
        "backend/main.py",
        "deploy/job.py",
        "templates/config/qdrant.yaml.j2",
        "locks/cpu.txt",
        "frontend/dist/index.html",
    ):
        with (checkout / name).open("a") as file:
            file.write("\n")
        observed.add(origin.digest(checkout))
    assert len(observed) == 7


def test_a_checkout_without_its_page_is_a_problem(checkout: Path) -> None:
    shutil.rmtree(checkout / "frontend/dist")
    with pytest.raises(Problem, match=r"frontend/dist is empty or missing"):
        origin.digest(checkout)
