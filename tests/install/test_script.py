"""install.sh as a text, and those of its functions that decide: what a host test would need many hosts for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from omnimind_ops.observe import interpreters
from omnimind_ops.planning import supported

SCRIPT = Path(__file__).parents[2] / "install.sh"
TEXT = SCRIPT.read_text()
FUNCTIONS = TEXT.removesuffix('main "$@"\n')


def sh(script: str, path: str = os.environ["PATH"]) -> str:
    """Run a few lines after install.sh's functions, in dash."""
    command = ("dash", "-c", f"{FUNCTIONS}\n{script}")
    return subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True, text=True).stdout


def test_shellcheck_finds_nothing() -> None:
    done = subprocess.run(
        (Path(sys.executable).with_name("shellcheck"), SCRIPT), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_line_of_help_fits_and_names_every_option() -> None:
    result = sh("usage")
    assert max(map(len, result.splitlines())) <= 150
    assert set(re.findall(r"^ +(--[a-z-]+)", TEXT.split("options() {")[1].split("\n}\n")[0], re.MULTILINE)) <= set(
        re.findall(r"--[a-z-]+", result)
    )


def test_the_systems_are_those_of_the_preflight_check() -> None:
    (systems,) = re.findall(r'^SYSTEMS="(.*)"$', TEXT, re.MULTILINE)
    assert sorted(systems.split()) == sorted(f"{system.id}:{system.version}" for system in supported.supported())


def test_the_candidates_are_those_of_the_services() -> None:
    assert tuple(sh("candidates").split()) == interpreters.CANDIDATES


PYTHONS = [
    ((3, 10, 12, "final", 0), "no it is Python 3.10.12, older than 3.11"),
    ((3, 14, 0, "final", 0), "no it is Python 3.14.0, newer than 3.13"),
    ((3, 11, 0, "candidate", 1), "no it is a pre-release, 3."),
    ((3, 13, 1, "final", 0), "ok 3.13.1"),
]


@pytest.mark.parametrize(("version", "said"), PYTHONS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_python_says_of_itself(version: tuple[object, ...], said: str) -> None:
    (probe,) = re.findall(r"^PROBE='(.*?)^'$", TEXT, re.MULTILINE | re.DOTALL)
    faked = f"import sys; sys.version_info = {version!r}; sys.prefix = sys.base_prefix; sys.argv = ['', '/usr/bin/env']\n{probe}"
    done = subprocess.run((sys.executable, "-I", "-c", faked), capture_output=True, text=True, check=True)
    assert done.stdout.startswith(said)


def test_a_python_in_a_home_is_found_out_behind_links(tmp_path: Path) -> None:
    (probe,) = re.findall(r"^PROBE='(.*?)^'$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "python3").symlink_to("/root/.local/bin/python3")
    tmp_path.chmod(0o755)
    faked = f"import os, sys; sys.prefix = sys.base_prefix; os.stat = lambda path: os.lstat('/'); sys.argv = ['', {str(tmp_path / 'python3')!r}]\n{probe}"
    done = subprocess.run((sys.executable, "-I", "-c", faked), capture_output=True, text=True, check=True)
    assert done.stdout == "no it lives in a home directory, which services cannot see\n"


def apt(tmp_path: Path, offers: dict[str, str]) -> str:
    """A PATH with an apt-cache that knows these packages; a name that it does not know is a pattern, as apt has it."""
    lines = "".join(f"  {name}) echo '{result}' ;;\n" for name, result in offers.items())
    (tmp_path / "apt-cache").write_text(f'#!/bin/sh\nfor last; do :; done\ncase "$last" in\n{lines}esac\n')
    (tmp_path / "apt-cache").chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def policy(name: str, version: str) -> str:
    return f"{name}:\n  Installed: (none)\n  Candidate: {version}\n  Version table:\n     {version} 500"


@pytest.mark.parametrize(
    ("offers", "package", "tried"),
    [
        (
            {"python3.11": policy("python3.11", "3.11.0~rc1-1~22.04")},
            "",
            "package python3.11: a pre-release, 3.11.0~rc1-1~22.04",
        ),
        (
            {"python3.13": policy("postgresql-plpython3-13", "13.23-0+deb11u4")},
            "",
            "package python3.13: not in this distribution",
        ),
        (
            {"python3.13": policy("python3.13", "3.13.5-2+b1"), "python3.11": policy("python3.11", "3.11.9-1")},
            "python3.13",
            "",
        ),
        (
            {"python3.12": policy("python3.12", "3.12.0~b4-1"), "python3.11": policy("python3.11", "3.11.2-6+deb12u6")},
            "python3.11",
            "3.12.0~b4",
        ),
        ({"python3.12": policy("python3.12", "(none)")}, "", "package python3.12: not in this distribution"),
    ],
)
def test_a_package_must_be_a_release(tmp_path: Path, offers: dict[str, str], package: str, tried: str) -> None:
    result = sh('candidates() { :; }; choose_python; echo "package=$package"; echo "$tried"', apt(tmp_path, offers))
    assert f"package={package}\n" in result and tried in result


def test_an_error_starts_with_the_line_that_tells(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(
        "Looking in indexes\nWARNING: retrying\nERROR: No matching distribution found for uv\n"
    )
    assert sh(f"error_text {tmp_path}/said").splitlines()[0] == "ERROR: No matching distribution found for uv"
    assert len(sh(f"error_text {tmp_path}/said").splitlines()) == 4


@pytest.mark.parametrize(
    ("files", "words", "chosen"),
    [
        (
            ("omnimind_ops/origin.py", "frontend/dist/index.html", "wheels/omnimind_ops-1.0-py3-none-any.whl"),
            "--wheelhouse {}/wheels",
            "checkout",
        ),
        (
            ("omnimind_ops/origin.py", "wheels/omnimind_ops-1.0-py3-none-any.whl"),
            "--wheelhouse {}/wheels",
            "wheels/omnimind_ops-1.0-py3-none-any.whl",
        ),
        (("omnimind_ops/origin.py",), "", "checkout, page"),
        (
            ("omnimind_ops-1.0-py3-none-any.whl", "wheels/omnimind_ops-2.0-py3-none-any.whl"),
            "--wheelhouse {}/wheels",
            "omnimind_ops-1.0-py3-none-any.whl",
        ),
        (
            ("wheels/omnimind_ops-2.0-py3-none-any.whl",),
            "--wheelhouse {}/wheels",
            "wheels/omnimind_ops-2.0-py3-none-any.whl",
        ),
        (
            ("omnimind_ops/origin.py", "elsewhere/omnimind_ops-3.0-py3-none-any.whl"),
            "{}/elsewhere/omnimind_ops-3.0-py3-none-any.whl",
            "elsewhere/omnimind_ops-3.0-py3-none-any.whl",
        ),
    ],
)
def test_what_is_installed(tmp_path: Path, files: tuple[str, ...], words: str, chosen: str) -> None:
    for file in (*files, "wheels/uv-0.13.9-py3-none-any.whl", "omnimind_ops/__init__.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text('__version__ = "0.0.1"\n')
    result = sh(
        f'here={tmp_path}; options {words.format(tmp_path)}; find_source; echo "${{wheel:-checkout}}${{page:+, page}}"'
    ).strip()
    assert result.removeprefix(f"{tmp_path}/") == chosen


@pytest.mark.parametrize(
    ("files", "words", "why"),
    [
        ((), "", "is not a checkout of omnimind"),
        (("omnimind_ops-1.0-py3-none-any.whl", "omnimind_ops-2.0-py3-none-any.whl"), "", "contains 2 files"),
        (("pip-1.whl",), "pip-1.whl", "it is not a wheel of omnimind"),
        ((), "none/omnimind_ops-1.0-py3-none-any.whl", "there is no file"),
        (("omnimind_ops/origin.py",), "--wheelhouse {}/wheels", "is not built"),
        ((), "--wheelhouse {}/nowhere", "is not a folder"),
        ((), "--wheelhouse {}", "it contains no wheel of uv"),
        ((), "a.whl b.whl", "two wheels are given"),
        ((), "--what", "unknown option: --what"),
        ((), "--python", "needs a value"),
    ],
)
def test_what_cannot_be_installed_is_told(tmp_path: Path, files: tuple[str, ...], words: str, why: str) -> None:
    for file in (*files, "wheels/uv-0.13.9-py3-none-any.whl"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    script = f"{FUNCTIONS}\ncd {tmp_path}; here={tmp_path}; options {words.format(tmp_path)}; find_source"
    done = subprocess.run(("dash", "-c", script), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert why in done.stderr and done.stderr.startswith("error: ") and "\nfix: " in done.stderr


def test_uv_asks_where_pip_would(tmp_path: Path) -> None:
    """What `pip config list` prints: variables before files, several values with line ends between them."""
    python = tmp_path / "boot/bin/python"
    python.parent.mkdir(parents=True)
    lines = (":env:.index-url='https://first.example/simple'", "global.index-url='https://second.example/simple'")
    lines += (
        r"global.extra-index-url='\nhttps://a.example\nhttps://b.example'",
        "global.find-links='/opt/one /opt/two'",
    )
    python.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
    python.chmod(0o755)
    ask = (
        f"work={tmp_path}; unset UV_DEFAULT_INDEX UV_INDEX_URL UV_INDEX UV_FIND_LINKS; obey_pip; env | grep ^UV_ | sort"
    )
    assert set(sh(ask).split("\n")) >= {
        "UV_DEFAULT_INDEX=https://first.example/simple",
        "UV_INDEX=https://a.example https://b.example",
        "UV_FIND_LINKS=/opt/one,/opt/two",
    }
    result = f"work={tmp_path}; export UV_DEFAULT_INDEX=https://mine.example; obey_pip; env"
    assert "UV_DEFAULT_INDEX=https://mine.example\n" in sh(result)
