"""Backups of a real (Edge) Qdrant: each kind is recognised, unpacked and served again with the same fingerprint; spoilt ones are refused."""

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from qdrant_client import models

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Event
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import Backup, BackupKind, recognise, unpack
from omnimind_ops.stores.files import copy_tree, space_needed, tree_fingerprint
from omnimind_ops.stores.qdrant import QdrantEndpoint, fingerprint
from tests.embedded.server import Server

NAME = "universal_machine_embeddings"


def silent(event: Event) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Made:
    """Backups that a server made of itself, and what it held."""

    fingerprint: Fingerprint
    storage: Path
    collection: Path
    full: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Two collections, one alias."""
    server = Server(tmp_path_factory.mktemp("qdrant")).start()
    try:
        client = server.client()
        dice = random.Random(1)
        for name, count in ((NAME, 500), ("other", 20)):
            client.create_collection(name, vectors_config=models.VectorParams(size=32, distance=models.Distance.COSINE))
            points = [models.PointStruct(id=i, vector=[dice.gauss(0, 1) for _ in range(32)], payload={"i": i, "text": "ü" * i}) for i in range(count)]
            client.upsert(name, points, wait=True)
        client.create_payload_index(NAME, "i", field_schema=models.PayloadSchemaType.INTEGER)
        alias = models.CreateAlias(collection_name=NAME, alias_name="current")
        client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
        client.create_snapshot(NAME)
        client.create_full_snapshot()
        client.close()
        found = fingerprint(QdrantEndpoint(server.url))
        server.stop()
        yield Made(found, server.storage, next((server.snapshots / NAME).glob("*.snapshot")), next(server.snapshots.glob("*.snapshot")))
    finally:
        server.kill()


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
    try:
        recognise(path)
    except Problem:
        return True
    return False


def packed(made: Made, out: Path, *words: str, top: str = ".") -> Path:
    subprocess.run(["tar", *words, "-cf", out, "-C", made.storage if top == "." else made.storage.parent, top], check=True)
    return out


ARCHIVES = {
    "plain": ("a.tar", ["--format=gnu"], "."),
    "sparse": ("a.tar", ["-S", "--format=gnu"], "."),
    "sparse pax": ("a.tar", ["-S", "--format=pax"], "."),
    "gzip": ("a.tar.gz", ["-z", "-S"], "."),
    "zstd": ("a.tar.zst", ["--zstd"], "."),
    "deeper": ("a.tgz", ["-z"], "storage"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_of_a_storage_directory_is_served_again(made: Made, tmp_path: Path, kind: str) -> None:
    name, words, top = ARCHIVES[kind]
    backup = recognise(packed(made, tmp_path / name, *words, top=top))
    assert (backup.kind, backup.checksum) == (BackupKind.ARCHIVE, "absent")
    assert backup.compression == {"gzip": "gzip", "zstd": "zstd", "deeper": "gzip"}.get(kind, "")
    assert backup.collections == ("other", NAME)
    assert backup.aliases == {"current": NAME}
    target = unpack(backup, tmp_path / "home" / "unpacked", silent)
    assert not compare(tree_fingerprint(made.storage), tree_fingerprint(target))
    assert space_needed(target) < backup.apparent / 10  # zeros became holes
    assert not compare(made.fingerprint, served(target))


def test_a_storage_directory_is_found_beside_other_things(made: Made, tmp_path: Path) -> None:
    copy_tree(made.storage, tmp_path / "backup" / "data" / "qdrant")
    (tmp_path / "backup" / "redis").mkdir()
    (tmp_path / "backup" / "redis" / "dump.rdb").write_bytes(b"REDIS0011")
    backup = recognise(tmp_path / "backup")
    assert (backup.kind, backup.collections, backup.storage) == (BackupKind.STORAGE, ("other", NAME), tmp_path / "backup" / "data" / "qdrant")
    target = unpack(backup, tmp_path / "home" / "storage", silent)
    assert not compare(made.fingerprint, served(target))


def test_a_collection_snapshot_is_served_again_without_aliases(made: Made, tmp_path: Path) -> None:
    backup = recognise(made.collection)
    assert (backup.kind, backup.collections, backup.aliases, backup.checksum) == (BackupKind.COLLECTION, (NAME,), None, "verified")
    assert "aliases" in backup.notes[0]
    events: list[Event] = []
    target = unpack(backup, tmp_path / "home" / "storage", events.append, "restore")
    assert events[-1].data == {"done": backup.apparent, "total": backup.apparent, "unit": "B"}
    assert space_needed(target) < backup.apparent
    found = served(target)
    about = f" of {NAME}"
    assert {k: v for k, v in found.digests.items() if k.endswith(about)} == {k: v for k, v in made.fingerprint.digests.items() if k.endswith(about)}
    assert found.counts == {"collections": 1, "aliases": 0, f"points of {NAME}": 500}


def test_a_full_snapshot_brings_everything_back(made: Made, tmp_path: Path) -> None:
    backup = recognise(made.full)
    assert (backup.kind, backup.collections, backup.aliases) == (BackupKind.FULL, ("other", NAME), {"current": NAME})
    assert not compare(made.fingerprint, served(unpack(backup, tmp_path / "home" / "storage", silent)))


def test_a_compressed_snapshot_is_read_too(made: Made, tmp_path: Path) -> None:
    file = bare(made.full, tmp_path / "x")
    subprocess.run(["gzip", "-1", file], check=True)
    backup = recognise(file.with_name(file.name + ".gz"))
    assert (backup.kind, backup.compression) == (BackupKind.FULL, "gzip")
    assert not compare(made.fingerprint, served(unpack(backup, tmp_path / "home" / "storage", silent)))


def test_segments_in_the_streamable_layout_are_unpacked(made: Made, tmp_path: Path) -> None:
    """Newer servers may write segments/<id>/files/… straight into the snapshot."""
    done = unpack(recognise(made.collection), tmp_path / "a" / "storage", silent)
    home = done / "collections" / NAME
    streamed = tmp_path / made.collection.name
    with tarfile.open(streamed, "w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(home.rglob("*")):
            parts = list(path.relative_to(home).parts)
            if len(parts) >= 3 and parts[1] == "segments":
                parts.insert(3, "files")
            tar.add(path, "/".join(parts), recursive=False)
    again = unpack(recognise(streamed), tmp_path / "b" / "storage", silent)
    assert not compare(tree_fingerprint(done), tree_fingerprint(again))


def test_a_snapshot_whose_name_says_nothing_needs_the_collections_name(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x", "backup.snapshot")
    with pytest.raises(Problem, match="which collection"):
        recognise(file)
    assert recognise(file, NAME).collections == (NAME,)
    with pytest.raises(Problem, match="no name of a collection"):
        recognise(file, "../../etc")


def test_a_shard_snapshot_is_refused_with_what_to_make_instead(made: Made, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "shard.snapshot", "w") as tar:
        tar.add(made.storage / "collections" / NAME / "0", ".")
    with pytest.raises(Problem, match="snapshot of a shard"):
        recognise(tmp_path / "shard.snapshot")


@pytest.mark.parametrize("suffix", [".checksum", ".sha256"])
def test_one_flipped_byte_is_refused_where_there_is_a_checksum(made: Made, tmp_path: Path, suffix: str) -> None:
    file = bare(made.collection, tmp_path / "x")
    good = file.read_bytes()
    digest = hashlib.sha256(good).hexdigest()
    file.with_name(file.name + suffix).write_text(digest if suffix == ".checksum" else f"{digest}  {file.name}\n")
    assert recognise(file).checksum == "verified"
    dice = random.Random(5)
    for at in [0, len(good) - 1, *(dice.randrange(len(good)) for _ in range(98))]:
        with file.open("r+b") as out:
            out.seek(at)
            out.write(bytes([good[at] ^ (1 << dice.randrange(8))]))
        with pytest.raises(Problem, match="SHA-256"):
            recognise(file)
        with file.open("r+b") as out:
            out.seek(at)
            out.write(good[at : at + 1])
    assert recognise(file).checksum == "verified"


def test_a_checksum_file_that_holds_none_is_refused(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x")
    file.with_name(file.name + ".sha256").write_text("pending\n")
    with pytest.raises(Problem, match="no SHA-256"):
        recognise(file)


@pytest.mark.parametrize("kind", ["plain", "sparse", "sparse pax", "gzip", "zstd", "collection", "full"])
def test_every_truncation_is_refused(made: Made, tmp_path: Path, kind: str) -> None:
    if kind in ARCHIVES:
        name, words, top = ARCHIVES[kind]
        whole = packed(made, tmp_path / name, *words, top=top)
    else:
        whole = bare(made.full if kind == "full" else made.collection, tmp_path / "x")
    data = whole.read_bytes()
    recognise(whole)
    end = len(data) if kind in ("gzip", "zstd") else len(data.rstrip(b"\0"))  # the zeros behind the end may be missing
    dice = random.Random(6)
    cuts = {0, 1, 511, 512, 1024, end - 1, end // 512 * 512, *(dice.randrange(end) for _ in range(12)), *(dice.randrange(end // 512) * 512 for _ in range(6))}
    for cut in cuts:
        whole.write_bytes(data[:cut])
        with pytest.raises(Problem):
            recognise(whole)


def test_flips_without_a_checksum_are_a_problem_or_harmless_but_never_anything_else(made: Made, tmp_path: Path) -> None:
    file = bare(made.full, tmp_path / "x")
    good = file.read_bytes()
    dice = random.Random(7)
    headers = [at for at in range(0, len(good), 512) if good[at + 257 : at + 262] == b"ustar"]
    wanted = recognise(file)
    for _ in range(150):
        at = dice.choice(headers) + dice.randrange(512)
        with file.open("r+b") as out:
            out.seek(at)
            out.write(bytes([good[at] ^ (1 << dice.randrange(8))]))
        if not refused(file):
            assert replace(recognise(file), seen=(0, 0)) == replace(wanted, seen=(0, 0))  # padding behind a number
        with file.open("r+b") as out:
            out.seek(at)
            out.write(good[at : at + 1])


def test_gzip_finds_a_flip_by_itself(made: Made, tmp_path: Path) -> None:
    file = packed(made, tmp_path / "a.tar.gz", "-z")
    good = file.read_bytes()
    plain = gzip.decompress(good)
    dice = random.Random(8)
    for _ in range(10):
        at = dice.randrange(20, len(good))
        file.write_bytes(good[:at] + bytes([good[at] ^ 16]) + good[at + 1 :])
        if not refused(file):
            assert gzip.decompress(file.read_bytes()) == plain  # a bit that gzip does not use


def hostile(path: Path, made: Made, *infos: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(made.storage, ".")
        for info in infos:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 1) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (member("../escaped"), "outside"),
        (member("collections/../../escaped"), "outside"),
        (member("/tmp/escaped"), "outside"),
        (member("collections/link", tarfile.SYMTYPE, "/etc"), "link"),
        (member("collections/hard", tarfile.LNKTYPE, "raft_state.json"), "link"),
        (member("collections/device", tarfile.CHRTYPE), "device"),
        (member("collections/pipe", tarfile.FIFOTYPE), "device"),
        (member("raft_state.json"), "twice"),
        (member("collections/c/shard_0.initializing", size=0), "cut off"),
        (member("collections/half/config.json"), "missing"),
        (member("elsewhere/collections/c/config.json"), "several"),
    ],
)
def test_archives_that_lead_outside_or_lie_are_refused(made: Made, tmp_path: Path, info: tarfile.TarInfo, why: str) -> None:
    with pytest.raises(Problem, match=why):
        recognise(hostile(tmp_path / "a.tar", made, info))
    assert sorted(os.listdir(tmp_path)) == ["a.tar"]


def resegmented(made: Made, out: Path, change: str) -> Path:
    """A collection snapshot with one more file in, or a change to, its first segment."""
    with tarfile.open(made.collection) as old, tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as new:
        for info in old:
            file = old.extractfile(info)
            data = file.read() if file else b""
            if info.name.endswith(".tar"):
                inner = io.BytesIO()
                with tarfile.open(fileobj=io.BytesIO(data)) as before, tarfile.open(fileobj=inner, mode="w", format=tarfile.GNU_FORMAT) as after:
                    for part in before:
                        content = before.extractfile(part)
                        text = content.read() if content else b""
                        if change == "era" and part.name.endswith("segment.json"):
                            said = json.loads(text)
                            said["config"]["payload_storage_type"] = {"type": "on_disk"}
                            text = json.dumps(said).encode()
                        part = member(part.name, part.type, size=len(text))
                        after.addfile(part, io.BytesIO(text))
                    if change == "backup":
                        after.addfile(member("snapshot/db_backup", tarfile.DIRTYPE))
                    if change == "escape":
                        after.addfile(member("snapshot/files/../../../x"), io.BytesIO(b"x"))
                    if change == "link":
                        after.addfile(member("snapshot/files/x", tarfile.SYMTYPE, "/etc/passwd"))
                data = inner.getvalue()
            new.addfile(member(info.name, tarfile.DIRTYPE if info.isdir() else tarfile.REGTYPE, size=len(data)), io.BytesIO(data))
    return out


@pytest.mark.parametrize(("change", "why"), [("era", "RocksDB"), ("backup", "RocksDB"), ("escape", "outside"), ("link", "link")])
def test_what_hides_in_an_archive_inside_is_found_before_unpacking(made: Made, tmp_path: Path, change: str, why: str) -> None:
    recognise(resegmented(made, tmp_path / "good-1-2026-01-01-00-00-00.snapshot", ""))
    with pytest.raises(Problem, match=why):
        recognise(resegmented(made, tmp_path / "c-1-2026-01-01-00-00-00.snapshot", change))


@pytest.mark.parametrize("content", [b"", b"REDIS0011\xff", b"PK\x03\x04zip", os.urandom(5000), b"\x1f\x8bnot gzip", b"\x28\xb5\x2f\xfdnot zstd", bytes(10240)])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Problem, match="cannot use"):
        recognise(tmp_path / "file")


def test_a_tar_of_something_else_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    subprocess.run(["tar", "-cf", tmp_path / "a.tar", "-C", tmp_path, "photos"], check=True)
    with pytest.raises(Problem, match="photos"):
        recognise(tmp_path / "a.tar")


def test_paths_that_are_not_there_or_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        recognise(tmp_path / "absent")
    with pytest.raises(Problem, match="no Qdrant storage"):
        recognise(tmp_path)


def test_unpacking_never_overwrites(made: Made, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "precious").write_text("mine")
    with pytest.raises(Problem, match="already"):
        unpack(recognise(made.full), tmp_path / "storage", silent)
    assert os.listdir(tmp_path / "storage") == ["precious"]


def test_unpacking_twice_is_once(made: Made, tmp_path: Path) -> None:
    backup = recognise(made.full)
    first = unpack(backup, tmp_path / "storage", silent)
    inode = first.stat().st_ino
    assert unpack(backup, tmp_path / "storage", silent).stat().st_ino == inode


def test_a_backup_that_changed_since_it_was_looked_at_is_refused(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x")
    backup = recognise(file)
    os.utime(file, ns=(1, 1))
    with pytest.raises(Problem, match="changed since"):
        unpack(backup, tmp_path / "storage", silent)


def test_a_storage_directory_in_use_is_not_copied(tmp_path: Path) -> None:
    server = Server(tmp_path / "q").start()
    try:
        server.client().create_collection("c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
        backup = recognise(server.storage)
        with pytest.raises(Problem, match="running Qdrant"):
            unpack(backup, tmp_path / "into", silent)
    finally:
        server.kill()


KILLED = """
import sys
from pathlib import Path
from omnimind_ops.stores.backup import recognise, unpack
backup = recognise(Path(sys.argv[1]))
print("go", flush=True)
unpack(backup, Path(sys.argv[2]), lambda event: None)
"""


def test_a_killed_unpacking_leaves_nothing_half_and_is_completed_by_the_next(made: Made, tmp_path: Path) -> None:
    dice = random.Random(9)
    for _ in range(10):
        run = subprocess.Popen([sys.executable, "-c", KILLED, made.full, tmp_path / "storage"], stdout=-1, text=True)
        assert run.stdout and run.stdout.readline() == "go\n"
        time.sleep(dice.random() * 0.15)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        if (tmp_path / "storage").exists():
            break
    unpack(recognise(made.full), tmp_path / "storage", silent)
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith("half")] == []
    assert not compare(made.fingerprint, served(tmp_path / "storage"))


def test_what_is_unpacked_can_be_made_a_snapshot_of_again(made: Made, tmp_path: Path) -> None:
    """The write-ahead log and versions survive: the server goes on writing."""
    server = Server(tmp_path / "home")
    unpack(recognise(made.collection), server.storage, silent)
    try:
        client = server.start().client()
        client.upsert(NAME, [models.PointStruct(id=9999, vector=[1.0] * 32, payload={})], wait=True)
        client.create_snapshot(NAME)
        client.close()
        assert httpx.get(f"{server.url}/collections/{NAME}").json()["result"]["status"] == "green"
        assert server.stop() == 0
        again = recognise(next((server.snapshots / NAME).glob("*.snapshot")))
        assert isinstance(again, Backup)
    finally:
        server.kill()
