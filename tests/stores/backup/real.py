"""Backups that a real Qdrant made (tests/fixtures/qdrant-real), and a reader of its own for what is restored."""

import json
import subprocess
import tarfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from struct import pack
from typing import Any

import httpx

from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.scratch import Program
from tests import qdrant
from tests.stores.backup.backups import NAME

ROOT = Path(__file__).parents[3]
REAL = ROOT / "tests" / "fixtures" / "qdrant-real"
MADE = ("made-1.18.3", "made-1.15.5")
NARRATIVES = "omnimind_narratives"
SNAPSHOTS = {
    "collection": f"{NAME}-*",
    "two shards": f"{NARRATIVES}-*",
    "full": "full-*",
    "shard": "shard-*",
    "archive": "storage.tar",
}
KINDS = (*SNAPSHOTS, "storage", "folder", "folder archive")
"""What a person may have; the last three are made of the archive by untarring it."""


def program() -> Program:
    """The program of the tests, as `prove` starts it."""
    return Program(qdrant.words(), env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"})


@cache
def reads_rocksdb() -> bool:
    """Whether the program is of the era: Qdrant dropped RocksDB with 1.18, and the stand-in never had it."""
    given = qdrant.real()
    if given is None:
        return False
    output = subprocess.run([given, "--version"], capture_output=True, text=True, check=True).stdout
    return [int(part) for part in output.split()[1].split(".")[:2]] < [1, 18]


def file_of(made: str, kind: str) -> Path:
    """A file as the server wrote it."""
    (path,) = (path for path in (REAL / made).glob(SNAPSHOTS[kind]) if path.suffix != ".checksum")
    return path


def backup_of(made: str, kind: str, into: Path) -> Path:
    """A backup of this kind."""
    if kind in SNAPSHOTS:
        return file_of(made, kind)
    with tarfile.open(file_of(made, "archive")) as tar:
        tar.extractall(into, filter="data")
    folder = into / "storage" / "collections" / NAME
    if kind == "folder archive":
        subprocess.run(["tar", "--sort=name", "-czSf", into / "one.tar.gz", "-C", folder.parent, NAME], check=True)
        return into / "one.tar.gz"
    return folder if kind == "folder" else into / "storage"


def config_of(made: str) -> dict[str, Any]:
    """The configuration of the first collection, out of its snapshot."""
    with tarfile.open(file_of(made, "collection")) as tar:
        file = tar.extractfile("config.json")
        assert file
        data: dict[str, Any] = json.loads(file.read())
        return data


@cache
def holds() -> dict[str, Any]:
    """What was in the server when the backups were made."""
    data: dict[str, Any] = json.loads((REAL / "holds.json").read_text())
    return data


def read(endpoint: QdrantEndpoint) -> dict[str, Any]:
    """Every point and alias of a server, by plain requests, in the form of `expected`."""
    with httpx.Client(
        base_url=endpoint.url, headers={"api-key": endpoint.api_key or ""}, trust_env=False, timeout=60
    ) as client:
        names = [collection["name"] for collection in client.get("/collections").json()["result"]["collections"]]
        aliases = client.get("/aliases").json()["result"]["aliases"]
        results: dict[str, Any] = {"aliases": {alias["alias_name"]: alias["collection_name"] for alias in aliases}}
        for name in names:
            body = {"limit": 1000, "with_payload": True, "with_vector": True}
            points = client.post(f"/collections/{name}/points/scroll", json=body).json()["result"]["points"]
            schema = client.get(f"/collections/{name}").json()["result"]["payload_schema"]
            results[name] = shown(points, schema)
    return results


def shown(points: list[dict[str, Any]], schema: Iterable[str]) -> dict[str, Any]:
    """Points by id with the bytes of their vectors, and the fields with payload indexes."""
    by_id = {str(point["id"]): (point["payload"], vectors(point["vector"])) for point in points}
    return {"points": by_id, "indexes": sorted(schema)}


def vectors(said: Any) -> Any:
    """A vector as float32 bytes."""
    if isinstance(said, dict):
        return {name: vectors(item) if name != "indices" else list(item) for name, item in said.items()}
    return b"".join(pack("<f", number) for number in said)


def expected(kind: str) -> dict[str, Any]:
    """What a restored backup of this kind holds, by `holds.json`."""
    several = kind in ("full", "archive", "storage")
    names = (NARRATIVES, NAME) if several else (NARRATIVES,) if kind == "two shards" else (NAME,)
    facts = {name: shown(holds()[name]["points"], holds()[name].get("payload_schema") or ()) for name in names}
    aliases = {alias["alias_name"]: alias["collection_name"] for alias in holds()["aliases"]} if several else {}
    return {"aliases": aliases} | facts
