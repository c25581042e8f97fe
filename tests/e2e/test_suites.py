"""The story's spine on the suites around the one of test_migration.py: look, migrate, reboot, roll back, migrate again.

In this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e import suites
from tests.e2e.suites import Suite
from tests.hosts import tool
from tests.hosts.host import Host
from tests.hosts.sample import wait_for_stack
from tests.hosts.wget import GET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
NATIVE = (
    "redis-server",
    "postgresql",
    "qdrant",
    "omnimind-engine",
    "omnimind-8000@1",
    "omnimind-3001@2",
    "omnimind-frontend",
    "omnimind-guard",
)
WRITTEN = r"find / -xdev -newer /testhost/before -type f \( -path '/etc/*' -o -path '*omnimind*' -o -path '/var/lib/apt/*' \) -not -path '/run/*' -not -path '/tmp/*'"
VERSIONS = """
. /etc/os-release; echo "suite $VERSION_CODENAME"
python3 --version; getconf GNU_LIBC_VERSION; systemctl --version | sed -n 1p; docker --version; echo "docker-compose $(docker-compose version --short)"
/opt/omnimind/venv/bin/python -c 'import sqlite3, sys; print("runs on Python", sys.version.split()[0], "SQLite", sqlite3.sqlite_version)'
redis-server --version | cut -d' ' -f 1-3; ls /usr/lib/postgresql | sed 's/^/PostgreSQL /'
"""


@pytest.fixture(scope="module", params=[suites.TRIXIE, suites.BULLSEYE], ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest) -> Suite:
    result: Suite = request.param
    return result


@pytest.fixture(scope="module")
def host(suite: Suite) -> Iterator[Host]:
    with suites.booted(suite, points=2_000) as booted:
        yield booted


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, object]:
    return tool.census(host, native=False)


def active(host: Host) -> dict[str, str]:
    """The state of every native unit."""
    return dict(zip(NATIVE, host.sh(f"systemctl is-active {' '.join(NATIVE)} || true").split(), strict=True))


def test_dry_run_shows_the_plan_and_writes_nothing(host: Host, suite: Suite, before: dict[str, object]) -> None:
    host.sh("touch /testhost/before; sleep 0.1")
    result = tool.omnimind(host, *suite.migrate, "--dry-run")
    assert "reversible" in result.stdout
    assert " in /usr " in " ".join((result.stdout + result.stderr).split()), "what apt will install takes room as well"
    assert host.sh(WRITTEN) == ""


def test_an_unsupported_system_takes_force(host: Host, suite: Suite) -> None:
    unforced = tool.omnimind(host, *(word for word in suite.migrate if word != "--force-os"), "--dry-run", check=False)
    assert (unforced.returncode != 0) == suite.forced
    assert ("--force-os" in unforced.stderr) == suite.forced


def test_migrate_ends_native_with_all_data(
    host: Host, suite: Suite, before: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    result = tool.results(tool.migrate(host, "--json", start=suite.migrate))[-1]
    assert result["data"]["state"] == "confirmed"
    assert active(host) == dict.fromkeys(NATIVE, "active")
    assert host.sh("docker ps -q") == ""
    assert tool.census(host, native=True) == before
    # The container's program needs bookworm's glibc: bullseye's is older.
    way = json.loads(host.read("/opt/omnimind/qdrant/current/program.json"))["way"]
    assert way == ("bundled" if suite.name == "bullseye" else "packages")
    assert "Qdrant Web UI" in host.sh(f"{GET} http://127.0.0.1:6333/dashboard/")
    with capsys.disabled():
        print("\n" + host.sh(VERSIONS))


def test_the_services_run_on_this_python_and_no_unit_is_understood_in_part(host: Host, suite: Suite) -> None:
    assert (
        host.sh("/opt/omnimind/venv/bin/python -c 'import sys; print(*sys.version_info[:2], sep=\".\")'")
        == suite.python
    )
    assert (
        host.sh(
            "journalctl --no-pager -b | grep -E 'Unknown (key|lvalue|section)|Failed to parse' | grep -i omnimind || true"
        )
        == ""
    )
    assert '"status"' in host.sh(f"{GET} http://127.0.0.1:8000/health/live")


def test_again_changes_nothing(host: Host) -> None:
    assert tool.results(tool.omnimind(host, "converge", "--json"))[-1]["data"]["changes"] == 0


def test_nothing_of_ours_came_from_a_stranger(host: Host, suite: Suite) -> None:
    suites.check_index(host, suite)


def test_after_a_reboot_native_services_are_back_and_containers_are_not(host: Host) -> None:
    host.reboot()
    for unit in NATIVE:
        host.wait_for(("systemctl", "is-active", unit), 60, unit)
    assert host.sh("docker ps -q") == ""


def test_rollback_brings_the_containers_back_with_their_own_data(host: Host, before: dict[str, object]) -> None:
    tool.omnimind(host, "rollback", "--yes")
    wait_for_stack(host)
    assert tool.census(host, native=False) == before


def test_migrate_after_a_rollback_works(host: Host, suite: Suite, before: dict[str, object]) -> None:
    tool.migrate(host, start=suite.migrate)
    assert active(host) == dict.fromkeys(NATIVE, "active")
    assert tool.census(host, native=True) == before
