"""Backups that a real (Edge) Qdrant made, and what to do with them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Event
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from tests.qdrant import Server

NAME = "universal_machine_embeddings"

ARCHIVES = {
    "plain": ("a.tar", ["--format=gnu"], "."),
    "sparse": ("a.tar", ["-S", "--format=gnu"], "."),
    "sparse pax": ("a.tar", ["-S", "--format=pax"], "."),
    "gzip": ("a.tar.gz", ["-z", "-S"], "."),
    "zstd": ("a.tar.zst", ["--zstd"], "."),
    "xz": ("a.tar.xz", ["-J", "-S"], "."),
    "bzip2": ("a.tar.bz2", ["-j", "-S"], "."),
    "deeper": ("a.tgz", ["-z"], "storage"),
}


def silent(event: Event) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Made:
    """Backups that a server made of itself, and what it held."""

    fingerprint: Fingerprint
    storage: Path
    collection: Path
    full: Path


def served(storage: Path) -> Fingerprint:
    """What a server says that is started on a storage directory."""
    server = Server(storage.parent)
    if storage != server.storage:
        storage.rename(server.storage)
    try:
        return fingerprint(QdrantEndpoint(server.start().url))
    finally:
        server.kill()


def bare(path: Path, to: Path, name: str = "") -> Path:
    """A copy without its checksum."""
    to.mkdir(exist_ok=True)
    return Path(shutil.copy(path, to / (name or path.name)))


def refused(path: Path) -> bool:
    """Whether this is no backup to us."""
    try:
        detect(path)
    except Problem:
        return True
    return False


def packed(made: Made, out: Path, *arguments: str, top: str = ".") -> Path:
    """The storage directory packed by tar with these words."""
    subprocess.run(
        ["tar", *arguments, "-cf", out, "-C", made.storage if top == "." else made.storage.parent, top], check=True
    )
    return out
