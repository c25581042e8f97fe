"""The whole story on one real host: look, migrate, again, reboot, roll back, migrate again. The tests build on each other, in this order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, boot_sample, wait_for_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

UNITS = (
    "redis-server.service", "postgresql.service", "qdrant.service", "omnimind-engine.service", "omnimind-frontend.service",
    *(f"omnimind-{port}.socket" for port in (8000, 8080, 3001)),
    *(f"omnimind-{port}@{number}.service" for port in (8000, 8080, 3001) for number in (1, 2)),
)  # fmt: skip
SECRETS = "/etc/omnimind/secrets"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=50_000, foreign=True, mounts=[wheelhouse.mount()]) as booted:
        tool.install(booted)
        yield booted


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, object]:
    return tool.census(host, native=False)


def policies(host: Host) -> dict[str, str]:
    """Restart policy by container name."""
    said = host.sh("docker inspect --format '{{.Name}} {{.HostConfig.RestartPolicy.Name}} {{.State.Running}}' $(docker ps -aq)")
    return {line.split()[0].lstrip("/"): " ".join(line.split()[1:]) for line in said.splitlines()}


def digest(host: Host) -> str:
    """One digest over everything the old stack owns: the data folder and the volumes of its containers, at rest."""
    return host.sh(f"find {FOLDER}/data $(docker volume inspect --format '{{{{.Mountpoint}}}}' $(docker volume ls -q)) -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum")


def test_the_wheel_runs_from_a_clean_environment(host: Host) -> None:
    assert tool.omnimind(host, "--version").stdout.startswith("omnimind ")


def test_dry_run_shows_the_plan_and_writes_nothing(host: Host) -> None:
    mark = "/testhost/before"
    host.sh(f"touch {mark}; sleep 0.1")
    said = tool.omnimind(host, *tool.WORDS, "--dry-run")
    assert "cutover" in said.stdout and "reversible" in said.stdout and "replaced" in said.stdout
    written = host.sh(f"find / -xdev -newer {mark} -type f -not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/tmp/*' -not -path '/var/log/*' -not -path '/home/*/data/*'")
    assert [path for path in written.splitlines() if "omnimind" in path or "/etc/" in path] == []
    assert not host.exists("/var/lib/omnimind") and not host.exists("/etc/omnimind")


def test_migrate_ends_native_with_all_data(host: Host, before: dict[str, object]) -> None:
    said = tool.migrate(host, "--json")
    result = tool.results(said)[-1]
    assert result["data"]["state"] == "confirmed"
    host.write("/testhost/at-rest", digest(host))
    for unit in UNITS:
        assert host.sh(f"systemctl is-active {unit}") == "active", unit
    found = policies(host)
    assert {name: state for name, state in found.items() if name.startswith("omnimind") and state != "no false"} == {}
    assert found["elsewhere_web_1"] == "always true", "a foreign container is left alone"


def test_every_point_key_and_upload_is_there(host: Host, before: dict[str, object]) -> None:
    after = tool.census(host, native=True)
    for store, facts in before.items():
        assert after[store] == facts, store


def test_stores_ask_for_the_generated_credentials(host: Host) -> None:
    redis = host.sh(f". {SECRETS}/redis.env; REDISCLI_AUTH=$OMNIMIND_REDIS_PASSWORD redis-cli dbsize")
    assert int(redis) > 0
    assert "NOAUTH" in host.sh("redis-cli dbsize 2>&1")
    assert host.sh("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:6333/collections") in ("401", "403")
    assert host.sh(f". {SECRETS}/qdrant.env; curl -s -o /dev/null -w '%{{http_code}}' -H \"api-key: $QDRANT__SERVICE__API_KEY\" http://127.0.0.1:6333/collections") == "200"
    owner = "select pg_catalog.pg_get_userbyid(datdba), pg_encoding_to_char(encoding) from pg_database where datname = 'omnimind'"
    assert host.sh(f". {SECRETS}/postgres.env; psql -qtA \"$OMNIMIND_POSTGRES_DSN\" -c \"{owner}\"") == "omnimind|UTF8"
    assert host.run(("psql", "-w", "-h", "127.0.0.1", "-U", "omnimind", "omnimind", "-c", "select 1"), check=False).returncode != 0
    assert host.sh(f"stat -c %a {SECRETS}/*.env | sort -u") == "600"


def test_two_workers_answer_on_each_port(host: Host) -> None:
    for port in (8000, 8080, 3001):
        pids = host.sh(f"for _ in $(seq 60); do curl -s http://127.0.0.1:{port}/health/live & done | grep -o '\"pid\":[0-9]*' | sort -u | wc -l")
        assert pids == "2", f"port {port}"


def test_no_secret_is_in_the_journal_the_receipt_or_the_logs(host: Host) -> None:
    secrets = host.sh(f"cat {SECRETS}/*.env | cut -d= -f2- | grep -oE '[A-Za-z0-9_-]{{20,}}' | sort -u").splitlines()
    assert secrets
    for secret in secrets:
        found = host.run(("grep", "-rlF", secret, "/var/lib/omnimind", "/var/log/omnimind"), check=False).stdout
        assert found == ""
        assert secret not in host.sh("journalctl --no-pager", timeout=60)


def test_again_changes_nothing(host: Host) -> None:
    assert tool.results(tool.migrate(host, "--json"))[-1]["data"]["changes"] == 0
    assert tool.results(tool.omnimind(host, "converge", "--json"))[-1]["data"]["changes"] == 0


def test_receipt_can_be_checked_again(host: Host) -> None:
    tool.omnimind(host, "receipt", "verify")
    assert "Downtime" in host.sh("cat /var/lib/omnimind/receipts/*/receipt.md")


def test_after_a_reboot_native_services_are_back_and_containers_are_not(host: Host) -> None:
    host.reboot()
    for unit in UNITS:
        host.wait_for(("systemctl", "is-active", unit), 60, unit)
    assert all(state == "no false" for name, state in policies(host).items() if name.startswith("omnimind"))


def test_old_data_is_untouched_bit_for_bit_while_native_services_work(host: Host) -> None:
    untouched = digest(host)
    host.sh(f". {SECRETS}/redis.env; REDISCLI_AUTH=$OMNIMIND_REDIS_PASSWORD redis-cli set written natively")
    tool.omnimind(host, "converge")
    assert digest(host) == untouched == host.read("/testhost/at-rest")


def test_rollback_brings_the_containers_back_with_their_own_data(host: Host, before: dict[str, object]) -> None:
    parked = tool.omnimind(host, "rollback", "--yes")
    assert "rolled back" in parked.stdout
    wait_for_stack(host)
    assert all(state == "unless-stopped true" for name, state in policies(host).items() if name.startswith("omnimind"))
    enabled = host.sh("systemctl list-unit-files --state=enabled --no-legend | grep -E 'omnimind|qdrant|redis|postgres' || true")
    assert enabled == ""
    assert tool.census(host, native=False) == before
    assert "0 changes" in tool.omnimind(host, "rollback", "--yes").stdout


def test_migrate_after_a_rollback_works(host: Host, before: dict[str, object]) -> None:
    tool.migrate(host)
    assert tool.census(host, native=True) == before
