"""A host that an earlier omnimind migrated: the command of today lists its run, converges it and takes it back.

The earlier code (tests/fixtures/omnimind-before.tar.xz) is from before payloads, notes and events had types.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops import __version__, origin
from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.installer import WHEELS, from_wheelhouse, put_wheel
from tests.hosts.sample import boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
EARLIER = "0.1.9"
"""The version that the earlier code goes by; its own was 0.2.0, as that of today."""
ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "tests/fixtures/omnimind-before.tar.xz"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A host with the sample stack and the wheels of both versions; the earlier one is installed and has migrated it."""
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        put_earlier_wheel(booted)
        put_wheel(booted, __version__)
        from_wheelhouse(booted, EARLIER)
        tool.migrate(booted)
        yield booted


def put_earlier_wheel(host: Host) -> None:
    """Put the earlier code's wheel and its install.sh on the host."""
    with tempfile.TemporaryDirectory() as scratch:
        checkout, folder = Path(scratch, "checkout"), Path(scratch, "wheel")
        with tarfile.open(CODE) as archive:
            archive.extractall(checkout, filter="data")
        shutil.copytree(ROOT / "frontend/dist", checkout / "frontend/dist")
        file = checkout / "omnimind_ops/__init__.py"
        file.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{EARLIER}"', file.read_text()))
        folder.mkdir()
        wheel = origin.wheel(folder, checkout)
        host.copy_in(wheel, f"{WHEELS}/{EARLIER}/{wheel.name}")
        host.copy_in(checkout / "install.sh", f"{WHEELS}/{EARLIER}/install.sh")


def newest_run(host: Host) -> dict[str, Any]:
    """Return the newest run as `omnimind runs` lists it."""
    run: dict[str, Any] = tool.results(tool.omnimind(host, "runs", "--json"))[-1]["data"]["runs"][0]
    return run


def converge(host: Host) -> int:
    """Converge the host; return the number of changes."""
    result = tool.results(tool.omnimind(host, "converge", *tool.FROM_WHEELHOUSE, "--json"))[-1]
    return int(result["data"]["changes"])


def test_it_is_listed_checked_converged_and_rolled_back(host: Host) -> None:
    migrated = tool.census(host, native=True)
    from_wheelhouse(host, __version__)
    assert host.sh("omnimind --version") == f"omnimind {__version__}"
    run = newest_run(host)
    assert (run["state"], run["version"]) == ("confirmed", EARLIER)
    events = tool.results(tool.omnimind(host, "runs", run["id"], "--json"))
    done = {event["step"] for event in events if event["kind"] == "step" and event["data"]["status"] == "done"}
    assert done == {step["id"] for step in run["steps"]}
    assert tool.omnimind(host, "health").returncode == 0
    assert tool.omnimind(host, "receipt", "verify").returncode == 0

    assert converge(host) > 0, "the units of today differ from the earlier ones"
    assert converge(host) == 0
    tool.omnimind(host, "health", "--until", "ready", "--for", "120s")
    assert tool.census(host, native=True) == migrated

    rolled_back = tool.omnimind(host, "rollback", "--yes", "--take-over")
    assert "other contents" not in rolled_back.stdout, "nothing was written since the cutover"
    wait_for_stack(host)
    assert newest_run(host)["state"] == "rolled back"
