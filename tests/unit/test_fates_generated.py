"""Generated Compose files: what the plan claims of containers, ports and mounts, judged by a reader of its own.

The reader knows `docker inspect`'s JSON and the plan's items, and none of the code that made them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omnimind_ops.planning.fates import fates
from tests import inspected, stacks

IMAGES = {
    "qdrant": ("qdrant/qdrant:latest", 6333, "/qdrant/storage"),
    "cache": ("redis:alpine", 6379, "/data"),
    "backend": ("acme/backend:1", 8000, "/app/uploads"),
    "frontend": ("acme/frontend:1", 80, "/site"),
    "db": ("postgres:16", 5432, "/var/lib/postgresql/data"),
    "n8n": ("n8nio/n8n", 5678, "/home/node"),
    "minio": ("minio/minio", 9000, "/data"),
}
NATIVE = {"qdrant": 6333, "cache": 6379, "backend": 8000, "frontend": 80}
ADDRESSES = ("", "0.0.0.0:", "127.0.0.1:", "192.0.2.7:")


@st.composite
def files(draw: st.DrawFn) -> tuple[dict[str, Any], frozenset[str], bool]:
    """Return a Compose file, the services that keep running, and whether ports stay open."""
    numbers = iter(draw(st.lists(st.integers(1, 65535), min_size=40, max_size=40, unique=True)))
    names = draw(st.sets(st.sampled_from(sorted(IMAGES)), min_size=1))
    services = {name: draw(_service(name, numbers)) for name in sorted(names)}
    keep = frozenset(draw(st.sets(st.sampled_from(sorted(names)))) & {"db", "n8n", "minio"})
    networks = {net: {} for body in services.values() for net in body.get("networks", ())}
    return {"services": services, "networks": networks}, keep, draw(st.booleans())


@st.composite
def _service(draw: st.DrawFn, name: str, numbers: Any) -> dict[str, Any]:
    image, port, folder = IMAGES[name]
    body: dict[str, Any] = {"image": image}
    inside = [port] if draw(st.booleans()) else []
    inside += draw(st.lists(st.sampled_from([6334, 9999, 7000]), max_size=2, unique=True))
    body["ports"] = [f"{draw(st.sampled_from(ADDRESSES))}{next(numbers)}:{p}" for p in inside]
    if draw(st.booleans()):
        body["ports"].append(f"{next(numbers)}:5353/udp")
    place = draw(st.sampled_from([f"./{name}", f"{name}_data", "./shared"]))
    body["volumes"] = draw(st.lists(st.sampled_from([f"{place}:{folder}", "./conf:/conf:ro", "/x"]), unique=True))
    body["restart"] = draw(st.sampled_from(["no", "always", "unless-stopped"]))
    if draw(st.booleans()):
        body["container_name"] = f"my-{name}"
    if draw(st.booleans()):
        body["networks"] = draw(st.lists(st.sampled_from(["front", "back"]), min_size=1, unique=True))
    if name == "backend" and draw(st.booleans()):
        body["environment"] = {"OPENAI_API_KEY": "sk-very-secret", "QDRANT_URL": "http://qdrant:6333"}
    if name == "cache" and draw(st.booleans()):
        body["command"] = ["redis-server", "--appendonly", "yes", "--requirepass", "sk-very-secret"]
    return body


@given(files())
@settings(max_examples=100, deadline=None)
def test_the_plan_claims_what_the_engine_says(file: tuple[dict[str, Any], frozenset[str], bool]) -> None:
    document, keep, is_open = file
    with tempfile.TemporaryDirectory() as folder:
        raw = inspected.inspected(document, "app", Path(folder))
        for mount in (mount for one in raw for mount in one["Mounts"] if mount["Type"] == "bind"):
            Path(mount["Source"]).mkdir(parents=True, exist_ok=True)
        stack = stacks.stack(document, Path(folder), keep=keep, listen=is_open)
        items = [asdict(item) for item in fates(stack)]
    assert "sk-very-secret" not in repr(items)
    twice = Counter((item["kind"], item["container"], item["name"]) for item in items)
    assert set(twice.values()) <= {1}
    for one in raw:
        service = one["Config"]["Labels"]["com.docker.compose.service"]
        _judge_container(items, one, service, is_kept=service in keep)
        _judge_ports(items, one, service, is_kept=service in keep, is_open=is_open)
    _judge_mounts(items, raw, keep)
    things = sum(1 + sum(len(b or ()) for b in one["NetworkSettings"]["Ports"].values()) for one in raw)
    assert len([item for item in items if item["kind"] in ("container", "port")]) == things, "nothing is invented"


def _judge_container(items: list[dict[str, Any]], one: dict[str, Any], service: str, *, is_kept: bool) -> None:
    (item,) = [i for i in items if i["kind"] == "container" and f"/{i['name']}" == one["Name"]]
    if is_kept:
        assert item["fate"] == "keeps running beside"
    else:
        assert item["fate"] == ("replaced" if service in NATIVE else "stopped and kept")
        if service == "backend":
            assert one["Config"]["Image"] in item["why"]


def _judge_ports(
    items: list[dict[str, Any]], one: dict[str, Any], service: str, *, is_kept: bool, is_open: bool
) -> None:
    for inside, bindings in one["NetworkSettings"]["Ports"].items():
        for binding in bindings or ():
            ip, port = binding["HostIp"], binding["HostPort"]
            before = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
            (item,) = [
                i for i in items
                if i["kind"] == "port" and f"/{i['container']}" == one["Name"] and i["name"] == f"{before} → {inside}"
            ]  # fmt: skip
            number, protocol = inside.split("/")
            grpc = service == "qdrant" and number == "6334"
            main = service in ("backend", "frontend") or number == str(NATIVE.get(service))
            if is_kept:
                assert (item["fate"], item["to"]) == ("keeps running beside", before)
            elif service not in NATIVE or protocol == "udp" or not (main or grpc):
                assert (item["fate"], item["to"]) == ("lost", "")
            elif item["fate"] == "moved":  # a second port of a backend is lost
                kept = is_open and not (service == "qdrant" and ip == "192.0.2.7")
                assert item["to"] == (before if ip == "127.0.0.1" or kept else f"127.0.0.1:{port}")
                assert bool(item["why"]) == (item["to"] != before)


def _judge_mounts(items: list[dict[str, Any]], raw: list[dict[str, Any]], keep: frozenset[str]) -> None:
    users: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for one in raw:
        for mount in one["Mounts"]:
            name = mount.get("Name") or mount["Source"]
            users.setdefault(name, []).append((one["Config"]["Labels"]["com.docker.compose.service"], mount))
    told = {i["name"]: i for i in items if i["kind"] in ("volume", "folder", "file") and "(" not in i["name"]}
    assert set(told) == set(users)
    for name, uses in users.items():
        item = told[name]
        if all(service in keep for service, _ in uses):
            assert item["fate"] == "keeps running beside"
        if any(s == "qdrant" and m["Destination"] == "/qdrant/storage" for s, m in uses):
            assert item["fate"] == "moved"
        if item["fate"] == "moved":
            assert item["to"].startswith("/var/lib/") and item["compared"]
            assert any(s == "cache" or m["RW"] for s, m in uses if s not in keep), "what is only read is not moved"
