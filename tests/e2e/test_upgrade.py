"""An upgrade with an open run: the new version lists it, and the version that began it ends it, either way."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from omnimind_ops import __version__
from omnimind_ops.model.problem import ExitCode
from tests.hosts import wheelhouse
from tests.hosts.host import Host
from tests.hosts.installer import CLI, environments, from_wheelhouse, install, put_wheel
from tests.hosts.sample import boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(5400)]
OLD = "0.1.9"
LIMIT = 1800  # seconds; a busy machine takes its time
MIGRATE = ("omnimind", "migrate", "--from-docker", "--wheelhouse", wheelhouse.INSIDE)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=[wheelhouse.mount()]) as booted:
        for version in (OLD, __version__):
            put_wheel(booted, version)
        yield booted


def upgraded(host: Host) -> str:
    """Upgrade; the path of the old environment, which must be there still."""
    result = from_wheelhouse(host, __version__)
    assert host.sh("omnimind --version") == f"omnimind {__version__}"
    (old,) = (name for name in environments(host) if name.startswith(OLD))
    assert f"kept {CLI}/{old}: an open run needs it" in result.stdout
    return f"{CLI}/{old}"


def run(host: Host) -> tuple[str, str]:
    """The newest run as the command that is on PATH tells it: its state, and the version that began it."""
    newest = json.loads(host.run(("omnimind", "runs", "--json")).stdout)["data"]["runs"][0]
    return newest["state"], newest["version"]


def test_a_postponed_migration_goes_on_by_the_version_that_began_it_and_is_taken_back_by_it(host: Host) -> None:
    from_wheelhouse(host, OLD)
    host.run((*MIGRATE, "--postpone", "--yes"), timeout=LIMIT)
    old = upgraded(host)
    assert run(host) == ("postponed", OLD)
    refused = install(host, "--uninstall", check=False, script=f"{CLI}/install.sh")
    assert refused.returncode == 1 and "a migration is open" in refused.stderr and "postponed" in refused.stderr

    went_on = host.run(
        ("script", "-qec", f"{' '.join(MIGRATE)} --confirm-minutes 30", "/dev/null"),
        input="y\n",
        timeout=LIMIT,
        check=False,
    )
    assert went_on.returncode == ExitCode.UNCONFIRMED, went_on.stdout
    assert f"omnimind {OLD} started run" in went_on.stdout
    assert run(host) == ("unconfirmed", OLD)
    assert host.sh("docker ps -q") == ""
    assert f"ExecStart={old}/bin/omnimind rollback" in host.read("/etc/systemd/system/omnimind-confirm.service")

    back = host.run(("omnimind", "rollback", "--yes"), timeout=LIMIT)
    assert f"omnimind {OLD} started run" in back.stderr
    wait_for_stack(host)
    assert run(host) == ("rolled back", OLD)
    assert host.sh("omnimind --version") == f"omnimind {__version__}", (
        "what was taken back is the migration, not the command"
    )
    from_wheelhouse(host, __version__)
    assert [name.split("-")[0] for name in environments(host)] == [__version__]
    install(host, "--uninstall", script=f"{CLI}/install.sh")


def test_when_the_version_that_began_it_is_gone_the_way_out_is_told_and_works(host: Host) -> None:
    from_wheelhouse(host, OLD)
    host.run((*MIGRATE, "--postpone", "--yes"), timeout=LIMIT)
    old = upgraded(host)
    host.sh(f"rm -r {old} /opt/omnimind/venvs")
    refused = host.run(("omnimind", "rollback", "--yes"), check=False)
    assert refused.returncode == 1
    assert f"omnimind {OLD} started it" in refused.stderr
    assert f"omnimind_ops-{OLD}-….whl" in refused.stderr and "--take-over" in refused.stderr
    host.run(("omnimind", "rollback", "--yes", "--take-over"), timeout=LIMIT)
    wait_for_stack(host)
    assert run(host) == ("rolled back", OLD)
