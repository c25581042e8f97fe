"""The line that says what is wrong, out of what real tools print when they fail; the rest is kept as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from uv import find_uv_bin

from omnimind_ops.model.problem import Problem
from omnimind_ops.render.problem import text
from omnimind_ops.tools.output import MAX_LINES, last_lines, main_line
from omnimind_ops.tools.shell import run
from tests.hosts.index import serving
from tests.services import Services

HASH = "a" * 64


def failed(words: Sequence[str], env: dict[str, str] | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        run(words, env={"LC_ALL": "C.UTF-8", **(env or {})}, timeout=120)
    shown = text(caught.value, width=60)
    assert shown.index("why:") < shown.index("log:")
    for line in caught.value.log:
        assert f"{line}\n" in shown, "whole, and on one line"
    return caught.value


def uv(tmp_path: Path, *arguments: str, **env: str) -> Problem:
    subprocess.run((find_uv_bin(), "venv", "--quiet", "--no-config", str(tmp_path / "env")), check=True)
    given = (
        find_uv_bin(),
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--no-deps",
        "--python",
        str(tmp_path / "env"),
        *arguments,
    )
    return failed(given, {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_NO_WRAP": "1", "UV_HTTP_RETRIES": "0", **env})


def test_uv_and_a_wrong_hash(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"omnimind==99.0.0 --hash=sha256:{HASH}\n")
    with serving(None, tmp_path / "marks") as index:
        result = uv(tmp_path, "--require-hashes", "-r", str(lock), UV_DEFAULT_INDEX=index.url)
    assert result.why.startswith("Hash mismatch for `omnimind==99.0.0`\n`")
    assert any(HASH in line for line in result.log) and any("Computed" in line for line in result.log)


def test_uv_and_an_address_that_there_is_not(tmp_path: Path) -> None:
    result = uv(tmp_path, "typer==0.20.0", UV_DEFAULT_INDEX="http://nowhere.invalid/simple")
    first = result.why.splitlines()[0]
    assert "http://nowhere.invalid/simple/typer/" in first and "failed to lookup address" in first


def test_uv_and_a_wheel_that_is_not_there(tmp_path: Path) -> None:
    result = uv(
        tmp_path, "--no-index", "--find-links", str(tmp_path), "alembic==1.20.1", "a-package-with-a-long-name==12.34.56"
    )
    assert result.why.splitlines()[0].endswith("we can conclude that your requirements are unsatisfiable.")
    assert any(line.strip().startswith("cause: Because") and line.endswith("unsatisfiable.") for line in result.log)


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt here")
def test_apt_and_an_unknown_package() -> None:
    result = failed(("apt-get", "--simulate", "install", "no-such-package-anywhere"))
    assert result.why.startswith("E: Unable to locate package no-such-package-anywhere\n")


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt here")
def test_apt_and_a_mirror_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://nowhere.invalid/debian stable main\n")
    for folder in ("lists/partial", "cache/archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    options = (
        f"Dir::Etc::sourcelist={tmp_path}/sources.list",
        "Dir::Etc::sourceparts=-",
        f"Dir::State::lists={tmp_path}/lists",
        f"Dir::Cache={tmp_path}/cache",
    )
    words = (
        "apt-get",
        *(word for option in options for word in ("-o", option)),
        "-o",
        "APT::Update::Error-Mode=any",
        "update",
    )
    assert failed(words).why.startswith(
        ("E: Failed to fetch http://nowhere.invalid/", "W: Failed to fetch http://nowhere.invalid/")
    )


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker here")
def test_docker_without_a_daemon() -> None:
    result = failed(("docker", "-H", "unix:///nowhere.sock", "run", "--rm", "debian"))
    assert "Cannot connect to the Docker daemon at unix:///nowhere.sock" in result.why.splitlines()[0]


def test_psql_and_a_wrong_password(stores: Services) -> None:
    dsn = stores.database("errors")
    who, _, rest = dsn.partition("@")
    program = shutil.which("psql")
    if not program:
        pytest.skip("no psql here")
    result = failed((program, "-w", "-c", "select 1", f"{who.rpartition(':')[0]}@{rest}"), {"PGPASSWORD": "not-it"})
    assert "FATAL:  password authentication failed for user" in result.why.splitlines()[0]
    assert "not-it" not in result.why + "".join(result.log)


def test_psql_and_a_wrong_statement(stores: Services) -> None:
    program = shutil.which("psql")
    if not program:
        pytest.skip("no psql here")
    result = failed(
        (program, "-v", "ON_ERROR_STOP=1", "-c", "select * from nowhere_at_all", stores.database("errors2"))
    )
    assert result.why.splitlines()[0].startswith('ERROR:  relation "nowhere_at_all" does not exist')
    assert result.log[-1].strip() == "^"


DPKG = """\
Setting up postgresql-15 (15.14-0+deb12u1) ...
dpkg: error processing package postgresql-15 (--configure):
 installed postgresql-15 package post-installation script subprocess returned error exit status 1
Errors were encountered while processing:
 postgresql-15
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""
PYTHON = """\
Traceback (most recent call last):
  File "<string>", line 2, in <module>
ModuleNotFoundError: No module named 'backend'
user omnimind cannot run /opt/omnimind/venvs/1/bin/python
"""
SYSTEMCTL = 'Job for x.service failed because of a timeout.\nSee "systemctl status x.service" and "journalctl -xe" for details.\n'


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            DPKG,
            "dpkg: error processing package postgresql-15 (--configure): installed postgresql-15 package post-installation script subprocess returned error exit status 1",
        ),
        (PYTHON, "ModuleNotFoundError: No module named 'backend'"),
        (SYSTEMCTL, "Job for x.service failed because of a timeout."),
        ("one\ntwo\n\n", "two"),
        ("\n \n", ""),
    ],
)
def test_other_tools(said: str, line: str) -> None:
    assert main_line(said.splitlines()) == line


def test_everything_is_kept_up_to_a_bound_that_is_told() -> None:
    lines = [f"  line {number}" for number in range(MAX_LINES)]
    assert last_lines(lines) == tuple(lines)
    assert last_lines([*lines, "last"])[:2] == ("(1 earlier lines omitted)", "  line 1")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_failed_operation_tells_its_errors_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through pyinfra, as a role's stage fails on a host."""
    from deploy import job
    from omnimind_ops.model.goal import Goal

    def stage(_: Goal) -> None:
        from pyinfra.operations import server

        server.shell(name="Install packages", commands="apt-get --simulate install no-such-package-anywhere")

    monkeypatch.setattr(job, "find", lambda *_: stage)
    result = job.run("packages", "install", Goal(), False, lambda _: None)
    assert (result["kind"], result["why"]) == ("problem", "E: Unable to locate package no-such-package-anywhere")
    log = result["log"]
    assert (
        isinstance(log, Sequence) and log[0].startswith("Reading package lists") and log[-1] == result["why"]
    )  # all that apt printed, in its order
