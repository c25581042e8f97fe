"""install.sh on stock hosts: what it says, what it does, what it leaves when it fails, and that --uninstall leaves
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omnimind_ops import __version__
from tests.hosts import cpython, wheelhouse
from tests.hosts.host import Host
from tests.hosts.installer import (
    CHECKOUT,
    CLI,
    COMMAND,
    WHEELS,
    environments,
    everything,
    from_wheelhouse,
    install,
    packages,
    put_checkout,
    put_wheel,
)
from tests.hosts.recipe import Recipe

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
OLD = "0.1.9"
COMPLETE = """
. /usr/local/share/bash-completion/completions/omnimind
COMP_WORDS=(omnimind mig) COMP_CWORD=1 COMPREPLY=()
_omnimind_completion omnimind
echo "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Debian 12; each test leaves it without omnimind."""
    with Host.boot(Recipe("bookworm"), [wheelhouse.mount()]) as booted:
        put_wheel(booted, OLD)
        put_wheel(booted, __version__)
        put_checkout(booted)
        yield booted


def test_a_dry_run_writes_nothing(host: Host) -> None:
    before = everything(host)
    result = install(host, "--dry-run", yes=False)
    assert f"omnimind {__version__}, from the checkout {CHECKOUT}" in result.stdout
    assert "/usr/bin/python3.11 (3.11.2)" in result.stdout and "install python3-venv" in result.stdout
    assert everything(host) == before


def test_without_a_terminal_it_asks_for_yes_and_does_nothing(host: Host) -> None:
    before = everything(host)
    result = install(host, check=False, yes=False)
    assert result.returncode == 1 and "add --yes" in result.stderr
    assert everything(host) == before


def test_installed_from_a_wheel_used_by_all_upgraded_and_removed(host: Host) -> None:
    everywhere, before = everything(host), packages(host)
    from_wheelhouse(host, OLD)
    assert packages(host) == before, "from a wheelhouse nothing of the system's is needed"
    for user in ("root", "nobody"):
        assert host.sh("omnimind --version", user=user, cwd="/") == f"omnimind {OLD}"
    assert host.sh("bash -lc 'command -v omnimind'") == COMMAND
    assert host.sh(COMPLETE) == "migrate"
    assert "omnimind migrate" in host.sh("man omnimind | col -b")
    old = environments(host)
    assert "already exists" in from_wheelhouse(host, OLD).stdout
    assert environments(host) == old

    host.sh(
        f"nohup {CLI}/{old[0]}/bin/python -c 'import time; time.sleep(600)' >/dev/null 2>&1 & echo $! >/tmp/old.pid"
    )
    from_wheelhouse(host, __version__)
    assert host.sh("omnimind --version") == f"omnimind {__version__}"
    assert len(environments(host)) == 2, "a process runs from the old one"
    host.sh("kill $(cat /tmp/old.pid); while kill -0 $(cat /tmp/old.pid); do sleep 0.1; done 2>/dev/null || true")
    from_wheelhouse(host, __version__)
    assert [name.split("-")[0] for name in environments(host)] == [__version__]

    install(host, "--uninstall", script=f"{CLI}/install.sh")
    assert everything(host) == everywhere


def test_a_wheelhouse_that_does_not_fit_leaves_nothing(host: Host) -> None:
    before = everything(host)
    host.sh("cp -r /wheelhouse /srv/unfit && rm /srv/unfit/pyinfra-*.whl")
    result = install(host, "--wheelhouse", "/srv/unfit", check=False)
    assert result.returncode == 1
    assert "cannot install the dependencies of omnimind" in result.stderr and "pyinfra" in result.stderr
    assert everything(host) == before


def test_an_index_that_cannot_be_reached_leaves_nothing(host: Host) -> None:
    before, everywhere = packages(host), everything(host)
    result = install(host, check=False, env={"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_RETRIES": "0"})
    assert result.returncode == 1
    assert (
        "cannot download uv from the package index" in result.stderr
        and "127.0.0.1" in result.stderr
        and "--wheelhouse" in result.stderr
    )
    assert packages(host) == before, "python3-venv, which came for it, went"
    assert [line for line in everything(host) if "omnimind" in line] == [
        line for line in everywhere if "omnimind" in line
    ]


@pytest.mark.parametrize(
    ("prepare", "undo", "why"),
    [
        ("mount --bind /opt /opt; mount -o remount,bind,ro /opt", "umount /opt", "/opt is not writable"),
        ("mount -t tmpfs -o size=64m none /opt", "umount /opt", "64 MB free"),
        (f"echo mine > {COMMAND}", f"rm {COMMAND}", "was not installed by omnimind"),
        (
            "cp /etc/os-release /etc/kept; sed -i 's/^ID=.*/ID=fedora/' /etc/os-release",
            "cat /etc/kept >/etc/os-release; rm /etc/kept",
            "fedora:12 is not supported",
        ),
    ],
    ids=["read-only", "full", "taken", "another-system"],
)
def test_what_cannot_work_is_told_before_anything_is_done(host: Host, prepare: str, undo: str, why: str) -> None:
    host.sh(prepare)
    try:
        before = everything(host)
        result = install(host, "--wheelhouse", "/wheelhouse", check=False)
        assert result.returncode == 1 and why in result.stderr and "fix:" in result.stderr
        assert everything(host) == before
    finally:
        host.sh(undo)


def test_a_process_killed_on_the_way_is_made_good_by_the_next(host: Host) -> None:
    everywhere = everything(host)
    arguments = f"setsid sh {WHEELS}/{OLD}/install.sh --yes --wheelhouse /wheelhouse & echo $!"
    host.sh(
        f"{arguments} >/tmp/pid; until [ -e {CLI}/{OLD}-*/bin/python ]; do sleep 0.05; done; kill -9 -- -$(cat /tmp/pid)"
    )
    assert host.sh("ls -A /opt/omnimind").split() != []
    from_wheelhouse(host, OLD)
    assert host.sh("omnimind --version") == f"omnimind {OLD}"
    assert len(environments(host)) == 1
    install(host, "--uninstall")
    assert everything(host) == everywhere


def test_debian_13_from_a_checkout_and_an_index() -> None:
    with Host.boot(Recipe("trixie")) as host:
        put_checkout(host)
        before = packages(host)
        install(host)
        assert host.sh(f"{CLI}/current/bin/python --version").startswith("Python 3.13.")
        assert host.sh("omnimind --version", user="nobody", cwd="/") == f"omnimind {__version__}"
        install(host, "--uninstall")
        assert packages(host) == before
        assert not host.exists("/opt/omnimind")


def test_debian_11_is_refused_unless_forced_and_gets_a_python_of_its_own() -> None:
    with Host.boot(Recipe("bullseye"), [cpython.mount()]) as host:
        put_checkout(host)
        before = packages(host)
        assert "--force-os" in install(host, check=False).stderr

        host.write("/srv/none.json", "{}")
        result = install(host, "--force-os", check=False, env={"UV_PYTHON_DOWNLOADS_JSON_URL": "file:///srv/none.json"})
        assert result.returncode == 1 and "cannot find a Python for omnimind" in result.stderr
        for way in (
            "it is Python 3.9",
            "package python3.12: not in this distribution",
            "CPython 3.12 through uv: error: No download found",
        ):
            assert way in result.stderr
        assert packages(host) == before and not host.exists("/opt/omnimind")

        install(host, "--force-os", env=cpython.environment())
        assert host.sh(f"readlink -f {CLI}/current/bin/python").startswith("/opt/omnimind/python/cpython-3.13.")
        assert host.sh("python3 --version").startswith("Python 3.9")
        assert "no runs on this host" in host.sh("omnimind runs 2>&1")
        journal = "from pathlib import Path; from omnimind_ops.runner.journal import Journal; Journal(Path('/tmp/journal.db')).close()"
        host.run((f"{CLI}/current/bin/python", "-I", "-c", journal))
        install(host, "--uninstall")
        assert packages(host) == before and not host.exists("/opt/omnimind")
