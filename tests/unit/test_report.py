"""The report has a row for every key of the file, and no secret in any."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.facts import Project
from omnimind_ops.model.fate import Fate
from omnimind_ops.model.json import JSON
from omnimind_ops.planning import report as planning
from omnimind_ops.planning.fates import Stack, fates
from omnimind_ops.planning.report import Row
from omnimind_ops.tools import compose, docker, redact
from tests import stacks

TESTS = Path(__file__).parents[1]
SAMPLE = TESTS / "hosts/stack/project/docker-compose.yml"
RICH = """
version: "3.8"
name: omnimind
x-common: &common {restart: unless-stopped, logging: {driver: json-file, options: {max-size: 10m}}}
services:
  backend:
    <<: *common
    build: {context: ., dockerfile: Dockerfile, args: [HTTP_PROXY=http://proxy, NPM_TOKEN=npm_abc123]}
    image: ghcr.io/x/backend:1
    container_name: api
    environment: {QDRANT_URL: "http://qdrant:6333", DATABASE_URL: "postgres://ana:p%40ss@db/omni", OPENAI_API_KEY: sk-live-1234, PLAIN: visible, EMPTY: }
    env_file: [.env, {path: .env.local, required: false}]
    extra_hosts: ["host.docker.internal:host-gateway", "db.example=10.0.0.5"]
    ports:
      - "8000:8000"
      - {target: 9000, published: "9000", protocol: tcp, mode: host}
    volumes: ["./data/uploads:/app/uploads", {type: bind, source: ./conf, target: /conf, read_only: true}, "./x:/x:ro"]
    depends_on: {qdrant: {condition: service_healthy, restart: true}, job: {condition: service_completed_successfully}}
    healthcheck: {test: ["CMD", "curl", "-H", "api-key: sk-live-1234", "http://localhost:8000/health/"], interval: 30s, disable: false}
    deploy: {replicas: 2, resources: {limits: {memory: 2g}, reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}, placement: {constraints: [node.role==manager]}}
    command: ["uvicorn", "main:app", "--workers", "2"]
    networks: {inner: {aliases: [api]}}
    secrets: [db_password]
    labels: [traefik.enable=true]
    tty: true
    warp_drive: {factor: 9}
    profiles: []
  redis:
    image: redis:alpine
    command: ["redis-server", "--appendonly", "yes", "--requirepass", "hunter2hunter2"]
  cache:
    image: valkey/valkey:8
    command: sh -c "valkey-server --requirepass hunter2hunter2 --save ''"
  benchmark: {build: ./bench, restart: "no"}
networks: {inner: {driver: bridge}}
volumes: {keep: , data: {external: true}}
secrets: {db_password: {file: ./secret.txt}}
"""
CONTAINERS = tuple(
    c
    for c in docker.parse_inspect((TESTS / "fixtures/inspect-compose-2.26.json").read_text())
    if c.project == "omnimind"
)
FOLDER = Path(tempfile.mkdtemp())
NAMED = {"environment", "labels", "args", "sysctls", "extra_hosts"}


def project(text: str) -> Stack:
    """Return the stack of a file, whose uploads are there."""
    FOLDER.joinpath("data/uploads").mkdir(parents=True, exist_ok=True)
    return stacks.stack(compose.parse(text), FOLDER, "omnimind")


def recorded(document: Mapping[str, JSON] | None) -> Stack:
    """Return the stack of the containers that Compose 2.26 made from the sample."""
    return stacks.planned(Project("omnimind", "/srv", (), CONTAINERS, document))


def report(stack: Stack) -> tuple[Row, ...]:
    return planning.report(stack, fates(stack))


def rows(text: str) -> dict[tuple[str, str], Row]:
    return {(row.service, row.key): row for row in report(project(text)) if not row.key.startswith("(")}


def expected(value: Any, key: str = "", last: str = "") -> list[str]:
    """All leaf keys, written down a second time and differently."""
    if isinstance(value, dict) and value:
        return [
            found for name, item in value.items() for found in expected(item, f"{key}.{name}" if key else name, name)
        ]
    if isinstance(value, list) and value and last in NAMED:
        return [
            f"{key}.{item.replace('=', ':').split(':')[0] if last == 'extra_hosts' else item.split('=')[0]}"
            for item in value
        ]
    if isinstance(value, list) and value:
        return [found for number, item in enumerate(value) for found in expected(item, f"{key}[{number}]")]
    return [key]


@pytest.mark.parametrize("text", [SAMPLE.read_text(), RICH], ids=["upstream", "rich"])
def test_every_key_of_the_file_appears_exactly_once(text: str) -> None:
    document: Any = compose.parse(text)
    wanted = Counter((service, key) for service, body in document["services"].items() for key in expected(body))
    wanted += Counter(
        ("", key) for name, part in document.items() if name != "services" for key in expected(part, name, name)
    )
    assert Counter((row.service, row.key) for row in report(project(text)) if not row.key.startswith("(")) == wanted
    assert set(wanted.values()) == {1}


@pytest.mark.parametrize("text", [SAMPLE.read_text(), RICH], ids=["upstream", "rich"])
def test_every_row_says_by_what_or_why(text: str) -> None:
    assert all(row.why and isinstance(row.fate, Fate) for row in report(project(text)))


def test_no_secret_is_in_any_row() -> None:
    shown = repr(report(project(RICH)))
    for secret in ("sk-live-1234", "p%40ss", "npm_abc123", "hunter2hunter2"):
        assert secret not in shown
    assert rows(RICH)["backend", "environment.PLAIN"].value == "visible"
    assert rows(RICH)["backend", "environment.DATABASE_URL"].value == "postgres://***@db/omni"
    assert rows(RICH)["redis", "command[4]"].value == "***"


def test_a_secret_of_the_environment_is_masked_wherever_it_is_repeated() -> None:
    text = SAMPLE.read_text().replace(
        "restart: unless-stopped", "command: serve s3cret-of-ana#1\n    restart: unless-stopped", 1
    )
    shown = {(row.service, row.key): row for row in report(recorded(compose.parse(text)))}
    assert shown["backend", "command"].value == "serve ***"
    assert "s3cret-of-ana" not in repr(report(recorded(None)))


@pytest.mark.parametrize(
    ("service", "key", "fate"),
    [
        ("backend", "image", Fate.REPLACED),
        ("backend", "build.args.NPM_TOKEN", Fate.REPLACED),
        ("backend", "environment.QDRANT_URL", Fate.REPLACED),
        ("backend", "environment.PLAIN", Fate.LOST),  # backend.env holds only what omnimind sets
        ("backend", "env_file[0]", Fate.LOST),
        ("backend", "extra_hosts.host.docker.internal", Fate.REPLACED),
        ("backend", "extra_hosts.db.example", Fate.LOST),
        ("backend", "ports[0]", Fate.MOVED),
        ("backend", "volumes[0]", Fate.MOVED),
        ("backend", "volumes[2]", Fate.STOPPED),
        ("backend", "depends_on.qdrant.condition", Fate.REPLACED),
        ("backend", "depends_on.job.condition", Fate.LOST),
        ("backend", "deploy.resources.reservations.devices[0].driver", Fate.REPLACED),
        ("backend", "deploy.placement.constraints[0]", Fate.LOST),
        ("backend", "warp_drive.factor", Fate.LOST),
        ("redis", "command[1]", Fate.MOVED),
        ("redis", "command[4]", Fate.REPLACED),
        ("redis", "command[0]", Fate.REPLACED),
        ("cache", "command", Fate.STOPPED),  # a second Redis: nothing native does its work
        ("benchmark", "restart", Fate.STOPPED),
        ("", "version", Fate.REPLACED),
        ("", "volumes.keep", Fate.STOPPED),
        ("", "x-common.restart", Fate.REPLACED),
    ],
)
def test_verdicts(service: str, key: str, fate: Fate) -> None:
    assert rows(RICH)[service, key].fate is fate


def test_an_unknown_key_is_lost_by_name() -> None:
    assert rows(RICH)["backend", "warp_drive.factor"].why == "omnimind does not know the key warp_drive"


def test_the_volume_that_only_the_image_asked_for_is_told() -> None:
    found = [row for row in report(project(SAMPLE.read_text())) if row.key.startswith("(")]
    assert [(row.service, row.key, row.fate) for row in found] == [("redis", "(volume of the image) /data", Fate.MOVED)]


def test_without_a_file_the_containers_tell() -> None:
    found = {(row.service, row.key): row for row in report(recorded(None))}
    assert found["qdrant", "ports[0]"].value == "6333:6333"
    assert found["backend", "restart"].value == "unless-stopped"
    assert found["backend", "environment.OMNIMIND_DASHBOARD_PASS"].value == "***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:pw@redis:6379/0", "redis://***@redis:6379/0"),
        ("postgres://u:p@ss@host", "postgres://***@host"),
        ("http://host/path", "http://host/path"),
        ("redis-cli -a pw ping", "redis-cli -a *** ping"),
        ("--api-key=abc x", "--api-key=*** x"),
        ("export DB_PASSWORD=abc; run", "export DB_PASSWORD=*** run"),
    ],
)
def test_redact(text: str, shown: str) -> None:
    assert redact.redact(text) == shown
