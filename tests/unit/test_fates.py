"""The fates of small stacks, as the engine describes them: what happens to each thing, and that each has one fate."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.fate import Fate, Item, Kind
from omnimind_ops.planning.fates import Stack, fates
from omnimind_ops.settings import Settings
from omnimind_ops.tools import compose
from tests import stacks

CASES = sorted(path.parent.name for path in stacks.CASES.glob("*/docker-compose.yml"))
CLOSED = "closed to other hosts"


def of(stack: Stack) -> dict[tuple[Kind, str, str], Item]:
    """Return the items by kind, service and name, paths from the project's folder."""
    folder = f"{stack.project.working_dir}/"
    return {(item.kind, item.service, item.name.removeprefix(folder)): item for item in fates(stack)}


def ports(stack: Stack) -> dict[str, tuple[Fate, str, str]]:
    return {
        item.name: (item.fate, item.to, item.why)
        for item in fates(stack)
        if item.kind is Kind.PORT and not item.name.startswith("[::]")
    }


@pytest.mark.parametrize("name", CASES)
def test_each_thing_has_exactly_one_fate(name: str, tmp_path: Path) -> None:
    items = fates(stacks.case(name, tmp_path))
    assert {n for n, count in Counter((i.kind, i.container, i.name) for i in items).items() if count > 1} == set()
    assert all(item.why or item.to for item in items if item.fate in (Fate.LOST, Fate.STOPPED, Fate.REPLACED))
    assert all(
        item.to and (item.compared or item.kind not in (Kind.VOLUME, Kind.FOLDER))
        for item in items
        if item.fate is Fate.MOVED and item.kind not in (Kind.FLAG, Kind.VARIABLE)
    )


def test_remap(tmp_path: Path) -> None:
    stack = stacks.case("remap", tmp_path)
    assert ports(stack) == {
        "0.0.0.0:9000 → 8000/tcp": (Fate.MOVED, "127.0.0.1:9000", CLOSED),
        "0.0.0.0:80 → 80/tcp": (Fate.MOVED, "127.0.0.1:80", CLOSED),
        "0.0.0.0:16333 → 6333/tcp": (Fate.MOVED, "127.0.0.1:16333", CLOSED),
        "127.0.0.1:16379 → 6379/tcp": (Fate.MOVED, "127.0.0.1:16379", ""),
    }
    assert stack.goal.backend_ports == (9000, 8080, 3001)
    found = of(stack)
    assert found[Kind.FILE, "backend", "app.sqlite3"].fate is Fate.MOVED
    assert found[Kind.FOLDER, "backend", "up"].to == "/var/lib/omnimind/uploads"
    assert found[Kind.VOLUME, "qdrant", "remap_q"].to == "/var/lib/qdrant/storage"
    assert {item.name: item.fate for item in found.values() if item.kind is Kind.FLAG} == {
        "--appendonly yes": Fate.MOVED,
        "--maxmemory 256mb": Fate.MOVED,
        "--maxmemory-policy allkeys-lru": Fate.MOVED,
        "--notify-keyspace-events Ex": Fate.MOVED,
    }


def test_ports_stay_open_as_before(tmp_path: Path) -> None:
    stack = stacks.case("remap", tmp_path, listen=True)
    assert {(to, why) for _, to, why in ports(stack).values()} == {
        ("0.0.0.0:9000", ""),
        ("0.0.0.0:80", ""),
        ("0.0.0.0:16333", ""),
        ("127.0.0.1:16379", ""),
    }
    assert not any(":16379" in entry for entry in stack.goal.listen), "it was never open"


def test_a_port_that_the_settings_name_wins(tmp_path: Path) -> None:
    settings = Settings(qdrant_port=7000, named=frozenset({"qdrant_port"}))
    stack = stacks.case("remap", tmp_path, settings=settings)
    found = ports(stack)["0.0.0.0:16333 → 6333/tcp"]
    assert found == (Fate.REPLACED, "127.0.0.1:7000", "the settings name another port")


def test_config_files(tmp_path: Path) -> None:
    found = of(stacks.case("config-files", tmp_path))
    assert found[Kind.FILE, "qdrant", "qdrant.yaml"].to == "/etc/qdrant/config.yaml"
    assert found[Kind.FILE, "redis", "redis.conf"].to == "/etc/redis/omnimind.conf"
    assert found[Kind.FLAG, "qdrant", "--config-path config/production.yaml"].fate is Fate.REPLACED
    assert found[Kind.VOLUME, "redis", "config-files_rd"].fate is Fate.MOVED


def test_anonymous_volumes_of_other_stores_are_not_moved(tmp_path: Path) -> None:
    stack = stacks.case("anonymous", tmp_path)
    kept = {(i.service, i.fate) for i in fates(stack) if i.kind is Kind.VOLUME}
    assert kept == {("redis", Fate.MOVED), ("db", Fate.STOPPED), ("mongo", Fate.STOPPED)}
    assert ports(stack)["0.0.0.0:5433 → 5432/tcp"][0] is Fate.LOST


def test_containers_that_keep_running_keep_everything(tmp_path: Path) -> None:
    stack = stacks.case("anonymous", tmp_path, keep=frozenset({"db", "mongo"}))
    own = [item for item in fates(stack) if item.service in ("db", "mongo")]
    assert {item.fate for item in own} == {Fate.BESIDE}
    assert {item.kind for item in own} >= {Kind.CONTAINER, Kind.VOLUME, Kind.PORT, Kind.NAME, Kind.VARIABLE}
    lost = {item.name for item in fates(stack) if item.kind is Kind.NAME and item.fate is Fate.LOST}
    assert "qdrant (network anonymous_default)" in lost, "db and mongo are on this network"
    answered = replace(stack, answered={"qdrant": "a forward"})
    item = of(answered)[Kind.NAME, "qdrant", "qdrant (network anonymous_default)"]
    assert (item.fate, item.to) == (Fate.REPLACED, "a forward")


def test_containers_without_a_native_counterpart_are_stopped(tmp_path: Path) -> None:
    found = of(stacks.case("shared-image", tmp_path))
    by_service = {service: item.fate for (kind, service, _), item in found.items() if kind is Kind.CONTAINER}
    assert by_service["backend"] is Fate.REPLACED
    assert by_service["worker"] is by_service["beat"] is Fate.STOPPED


def test_each_replica_s_port_continues(tmp_path: Path) -> None:
    stack = stacks.case("replicas", tmp_path)
    assert stack.goal.backend_ports[:2] == (8000, 8001)
    assert {to for _, to, _ in ports(stack).values()} >= {"127.0.0.1:8000", "127.0.0.1:8001"}


def test_inner_ports_are_those_of_the_containers(tmp_path: Path) -> None:
    found = ports(stacks.case("inner-port", tmp_path))
    assert found["0.0.0.0:6333 → 8333/tcp"][:2] == (Fate.MOVED, "127.0.0.1:6333")
    assert found["0.0.0.0:6380 → 6380/tcp"][:2] == (Fate.MOVED, "127.0.0.1:6380")


def test_a_redis_in_memory_comes_back_empty(tmp_path: Path) -> None:
    item = of(stacks.case("tmpfs", tmp_path))[Kind.FOLDER, "redis", "/data (in memory)"]
    assert item.fate is Fate.MOVED and "comes back empty" in item.why


def test_a_secret_file_is_replaced_and_flags_in_a_script_are_read(tmp_path: Path) -> None:
    found = of(stacks.case("secret", tmp_path))
    assert found[Kind.FILE, "redis", "redis_pass.txt"].to == "/etc/omnimind/secrets"
    assert found[Kind.FLAG, "redis", "--requirepass ***"].fate is Fate.REPLACED
    assert found[Kind.FLAG, "redis", "--appendonly yes"].fate is Fate.MOVED


def test_clients_of_other_projects_are_named(tmp_path: Path) -> None:
    stack = stacks.case("remap", tmp_path)
    raw = compose.parse((stacks.CASES / "neighbour/docker-compose.yml").read_text().replace("c22stack", "remap"))
    others = stacks.stack(raw, tmp_path, "flows").project.containers
    (client,) = [item for item in fates(replace(stack, others=others)) if item.kind is Kind.CLIENT]
    assert (client.service, client.fate) == ("flows: n8n", Fate.LOST)
    assert "qdrant" in client.why and "redis" in client.why


def test_secrets_are_masked_by_name(tmp_path: Path) -> None:
    document = compose.parse(
        """
        services:
          backend: {image: backend, environment: {NEO4J_AUTH: neo4j/s3cr3tpass, SITE_SALT: grainofit}}
          qdrant: {image: "qdrant/qdrant", volumes: ["./q:/qdrant/storage"]}
          redis: {image: redis, environment: {REDISCLI_AUTH: hushhush}, command: "redis-server --user hushhush"}
        """
    )
    shown = repr(fates(stacks.stack(document, tmp_path)))
    for secret in ("s3cr3tpass", "grainofit", "hushhush"):
        assert secret not in shown


def test_a_linked_folder_is_moved_from_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "up").symlink_to("elsewhere")
    found = of(stacks.case("remap", tmp_path))
    assert found[Kind.FOLDER, "backend", "up"].fate is Fate.MOVED


def test_a_port_that_only_a_mounted_file_names_is_the_store_s_own(tmp_path: Path) -> None:
    (tmp_path / "redis.conf").write_text("port 7000\n")
    document = compose.parse(
        "services: {redis: {image: 'redis:alpine', ports: ['16379:7000'], command: redis-server /etc/redis.conf,"
        " volumes: ['./redis.conf:/etc/redis.conf']}}"
    )
    stack = stacks.stack(document, tmp_path)
    assert stack.goal.redis_port == 16379
    assert ports(stack)["0.0.0.0:16379 → 7000/tcp"][:2] == (Fate.MOVED, "127.0.0.1:16379")


def test_an_option_that_stands_twice_is_told_twice(tmp_path: Path) -> None:
    document = compose.parse(
        "services: {redis: {image: 'redis:alpine', command: [redis-server, --save, '60 1', --save, '300 10']}}"
    )
    names = [item.name for item in fates(stacks.stack(document, tmp_path)) if item.kind is Kind.FLAG]
    assert names == ["--save 60 1", "--save 300 10"]
