"""The whole story on one real host: look, migrate, again, reboot, roll back, migrate again.

The tests build on each other, in this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e import suites
from tests.hosts import past, tool, wget
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, wait_for_stack
from tests.hosts.watch import Endpoint, Watch

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

UNITS = (
    "redis-server.service", "postgresql.service", "qdrant.service", "omnimind-migrate-db.service", "omnimind-engine.service",
    "omnimind-frontend.service", "omnimind-guard.service",
    *(f"omnimind-{port}.socket" for port in (8000, 8080, 3001)),
    *(f"omnimind-{port}@{number}.service" for port in (8000, 8080, 3001) for number in (1, 2)),
)  # fmt: skip
SUITE = suites.BOOKWORM
SECRETS = "/etc/omnimind/secrets"
PASSWORD = "a lantern, a ladder and a lake"
TEXT = "On Tuesday the green boat left the harbour of Setúbal with a crew of four and a parrot."


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with suites.booted(SUITE, points=50_000, foreign=True) as booted:
        past.remember(booted)
        yield booted


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, object]:
    return tool.census(host, native=False)


def policies(host: Host) -> dict[str, str]:
    """Restart policy by container name."""
    result = host.sh(
        "docker inspect --format '{{.Name}} {{.HostConfig.RestartPolicy.Name}} {{.State.Running}}' $(docker ps -aq)"
    )
    return {line.split()[0].lstrip("/"): " ".join(line.split()[1:]) for line in result.splitlines()}


def digest(host: Host) -> str:
    """One digest over everything the old stack owns: the data folder and the volumes of its containers, at rest."""
    return host.sh(
        f"find {FOLDER}/data $(docker volume inspect --format '{{{{.Mountpoint}}}}' $(docker volume ls -q)) -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum"
    )


def test_the_command_runs_from_a_clean_environment(host: Host) -> None:
    result = host.run(("env", "-i", tool.PROGRAM, "--version"))
    assert result.stdout.startswith("omnimind ")


def test_dry_run_shows_the_plan_and_writes_nothing(host: Host) -> None:
    mark = "/testhost/before"
    host.sh(f"touch {mark}; sleep 0.1")
    result = tool.omnimind(host, *SUITE.migrate, "--dry-run")
    assert "cutover" in result.stdout and "reversible" in result.stdout and "replaced" in result.stdout
    written = host.sh(
        f"find / -xdev -newer {mark} -type f -not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/tmp/*' -not -path '/var/log/*' -not -path '/home/*/data/*'"
    )
    assert [path for path in written.splitlines() if "omnimind" in path or "/etc/" in path] == []
    assert not host.exists("/var/lib/omnimind") and not host.exists("/etc/omnimind")


def test_migrate_ends_native_with_all_data(host: Host, before: dict[str, object]) -> None:
    results = tool.migrate(host, "--json", start=SUITE.migrate)
    result = tool.results(results)[-1]
    assert result["data"]["state"] == "confirmed"
    host.write("/testhost/at-rest", digest(host))
    for unit in UNITS:
        assert host.sh(f"systemctl is-active {unit}") == "active", unit
    outcome = policies(host)
    assert {name: state for name, state in outcome.items() if name.startswith("omnimind") and state != "no false"} == {}
    assert outcome["elsewhere_web_1"] == "always true", "a foreign container is left alone"


def test_qdrants_program_has_the_package_that_it_needs_and_brings_its_web_ui(host: Host) -> None:
    program = json.loads(host.read("/opt/omnimind/qdrant/current/program.json"))
    assert (program["way"], program["packages"]) == ("packages", ["libunwind8"])
    assert "libunwind8" in host.read("/var/lib/omnimind/packages").splitlines(), "a stock host does not have it"
    assert "Qdrant Web UI" in host.sh(f"{wget.GET} http://127.0.0.1:6333/dashboard/")


def test_every_point_key_and_upload_is_there(host: Host, before: dict[str, object]) -> None:
    after = tool.census(host, native=True)
    for store, facts in before.items():
        assert after[store] == facts, store


def test_stores_ask_for_the_generated_credentials(host: Host) -> None:
    redis = host.sh(f". {SECRETS}/redis.env; REDISCLI_AUTH=$OMNIMIND_REDIS_PASSWORD redis-cli dbsize")
    assert int(redis) > 0
    assert "NOAUTH" in host.sh("redis-cli dbsize 2>&1")
    assert host.sh(wget.status("http://127.0.0.1:6333/collections")) in ("401", "403")
    with_key = wget.status('--header="api-key: $QDRANT__SERVICE__API_KEY" http://127.0.0.1:6333/collections')
    assert host.sh(f". {SECRETS}/qdrant.env; {with_key}") == "200"
    owner = "select pg_catalog.pg_get_userbyid(datdba), pg_encoding_to_char(encoding) from pg_database where datname = 'omnimind'"
    assert host.sh(f'. {SECRETS}/postgres.env; psql -qtA "$OMNIMIND_POSTGRES_DSN" -c "{owner}"') == "omnimind|UTF8"
    assert (
        host.run(
            ("psql", "-w", "-h", "127.0.0.1", "-U", "omnimind", "omnimind", "-c", "select 1"), check=False
        ).returncode
        != 0
    )
    assert host.sh(f"stat -c %a {SECRETS}/*.env | sort -u") == "600"


def test_two_workers_answer_on_each_port(host: Host) -> None:
    for port in (8000, 8080, 3001):
        pids = host.sh(
            f"for _ in $(seq 60); do {wget.GET} http://127.0.0.1:{port}/health/live & done | grep -o '\"pid\":[0-9]*' | sort -u | wc -l"
        )
        assert pids == "2", f"port {port}"


def test_a_user_finds_what_the_old_stack_kept_and_uses_all_of_the_new_one(host: Host) -> None:
    host.run((tool.PROGRAM, "user", "add", "ana", "--role", "admin", "--password-stdin"), input=f"{PASSWORD}\n")
    outcome = tool.use(
        host,
        "ana",
        PASSWORD,
        TEXT,
        "which harbour did the green boat leave?",
        [memory.question for memory in past.MEMORIES],
    )
    assert outcome["me"]["role"] == "admin"
    for item, result in zip(past.MEMORIES, outcome["past"], strict=True):
        assert (result[0]["id"], result[0]["text"], result[0]["source"]) == (item.number, item.text, "diary.md"), result
    assert outcome["found"][0]["document"]["id"] == outcome["document"]
    assert outcome["lengths"] == [384, 384]
    assert set(outcome["circuit"]["counts"]) == {"00", "11"} and sum(outcome["circuit"]["counts"].values()) == 200
    assert outcome["circuit"]["device"] == "cpu"
    assert outcome["upload"]["bytes"] == len(TEXT.encode()) * 1000
    assert host.sh("stat -c '%U' /var/lib/omnimind/uploads") == "omnimind"
    assert {name: entry["state"] for name, entry in outcome["system"]["services"].items()} == dict.fromkeys(
        outcome["system"]["services"], "up"
    )
    assert (outcome["system"]["engine"]["device"], outcome["system"]["engine"]["state"]) == ("cpu", "ready")


def test_six_workers_and_the_engine_are_small(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    result = tool.memory(host)
    resident, share = (sum(item[at] for item in result.values()) for at in (0, 1))
    with capsys.disabled():
        print(
            f"\nengine {result['omnimind-engine'][0]:.0f} MB, workers {', '.join(f'{result[unit][0]:.0f}' for unit in tool.PROCESSES[1:])} MB"
        )
        print(f"resident together {resident:.0f} MB, what they share counted once {share:.0f} MB")
    assert max(result[unit][0] for unit in tool.PROCESSES[1:]) <= 120
    assert resident <= 2500


def test_a_setting_takes_effect_with_the_next_converge_and_nobody_is_refused_meanwhile(host: Host) -> None:
    ask = wget.status("http://127.0.0.1:8000/documents")
    assert host.sh(ask) == "401"
    with Watch(host, (Endpoint("backend", "http", "http://127.0.0.1:8000/health/live"),)) as watch:
        opened = host.run((tool.PROGRAM, "converge", "--json"), env={"OMNIMIND_OPEN_READS": "yes"}, timeout=120)
    open_now = host.sh(ask)
    host.run((tool.PROGRAM, "converge"), env={"OMNIMIND_OPEN_READS": "no"}, timeout=120)
    assert (tool.results(opened)[-1]["data"]["changes"] > 0, open_now, host.sh(ask)) == (True, "200", "401")
    assert watch.result["backend"]["errors"] == {}


def test_no_secret_is_in_the_journal_the_receipt_or_the_logs(host: Host) -> None:
    secrets = host.sh(f"cat {SECRETS}/*.env | cut -d= -f2- | grep -oE '[A-Za-z0-9_-]{{20,}}' | sort -u").splitlines()
    assert secrets
    for secret in secrets:
        output = host.run(("grep", "-rlF", secret, "/var/lib/omnimind", "/var/log/omnimind"), check=False).stdout
        assert output == ""
        assert secret not in host.sh("journalctl --no-pager", timeout=60)


def test_again_changes_nothing(host: Host) -> None:
    assert tool.results(tool.migrate(host, "--json", start=SUITE.migrate))[-1]["data"]["changes"] == 0
    assert tool.results(tool.omnimind(host, "converge", "--json"))[-1]["data"]["changes"] == 0


def test_receipt_can_be_checked_again(host: Host) -> None:
    tool.omnimind(host, "receipt", "verify")
    assert "Downtime" in host.sh("cat /var/lib/omnimind/receipts/*/receipt.md")


def test_receipt_tells_the_speed_before_and_after_and_nobody_who_measured_is_left(host: Host) -> None:
    result = tool.results(tool.omnimind(host, "receipt", "--json"))[-1]["data"]["bench"]
    before, after = result["before"], result["after"]
    assert (before["route"], before["texts_per_s"], before["settings"]["target"]) == ("GET /health/", None, "docker"), (
        "the sample's old backend makes no embeddings"
    )
    assert before["total"]["p50_ms"] > 0
    assert (after["route"], after["device"], after["cache"]["hits"]) == ("POST /embed", "cpu", 0)
    assert after["texts_per_s"] > 0
    assert "omnimind-bench" not in tool.omnimind(host, "user", "list").stdout
    assert "## Speed" in host.sh("cat /var/lib/omnimind/receipts/*/receipt.md")


def test_bench_measures_the_native_system_and_keeps_what_the_page_shows(host: Host) -> None:
    result = tool.omnimind(
        host, "bench", "embeddings", "--n", "24", "--batch", "8", "--repeats", "2", "--save", "native", "--json"
    )
    data = json.loads(result.stdout)
    assert (data["settings"]["target"], data["settings"]["cache"], data["device"]) == ("native", "cold", "cpu")
    assert {row["name"] for row in data["stages"] if row["p50_ms"] is None} == set()
    assert host.sh("stat -c '%a %U' /var/lib/omnimind/bench/native.json") == "644 root"
    assert host.sh("runuser -u omnimind -- cat /var/lib/omnimind/bench/native.json | head -c 1") == "{"


def test_health_says_that_every_service_does_real_work(host: Host) -> None:
    result = tool.omnimind(host, "health", "--until", "ready", "--for", "60s", check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_rolling_restart_of_the_backends_refuses_nobody(host: Host) -> None:
    ends = tuple(Endpoint(f"{port}", "http", f"http://127.0.0.1:{port}/health/live") for port in (8000, 8080, 3001))
    with Watch(host, ends) as watch:
        tool.omnimind(host, "restart", "backend")
    assert {name: tally["errors"] for name, tally in watch.result.items()} == dict.fromkeys(
        ("8000", "8080", "3001"), {}
    )


def test_down_stops_all_of_it_and_up_brings_it_back_with_the_data(host: Host) -> None:
    tool.omnimind(host, "down")
    ours = [unit for unit in UNITS if unit != "postgresql.service"]  # only a bracket around the clusters
    assert set(host.sh(f"systemctl is-active {' '.join(ours)} || true").split()) <= {"inactive"}
    assert host.sh("ss -Hltn 'sport = :8000 or sport = :6333 or sport = :6379 or sport = :5432 or sport = :3000'") == ""
    assert "0 changes" in tool.omnimind(host, "down").stdout
    up = tool.omnimind(host, "up", check=False)
    assert up.returncode == 0, up.stdout + up.stderr
    for unit in UNITS:
        assert host.sh(f"systemctl is-active {unit}") == "active", unit
    output = host.run(
        ("python3", "/testhost/api.py", "--name", "ana", "--find", past.MEMORIES[0].question),
        input=f"{PASSWORD}\n",
        timeout=60,
    ).stdout
    assert past.MEMORIES[0].text in output


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
    enabled = host.sh(
        "systemctl list-unit-files --state=enabled --no-legend | grep -E 'omnimind|qdrant|redis|postgres' || true"
    )
    assert enabled == ""
    assert tool.census(host, native=False) == before
    assert "0 changes" in tool.omnimind(host, "rollback", "--yes").stdout


def test_migrate_after_a_rollback_works(host: Host, before: dict[str, object]) -> None:
    tool.migrate(host, start=SUITE.migrate)
    assert tool.census(host, native=True) == before
