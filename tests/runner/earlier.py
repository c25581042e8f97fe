"""The journal that an earlier omnimind wrote (tests/fixtures/README.md), and what its plans were made from."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.program import LibrarySource, Missing, Start
from omnimind_ops.planning.source import BackupToRestore, QdrantSource, RedisSource, Source

FIXTURE = Path(__file__).parents[1] / "fixtures" / "journal-0.2.0.sql"
DONE, UNDONE, POSTPONED = "20261130-104617-migrate", "20261130-104620-migrate-2", "20261130-104621-migrate-3"
RECOVERED, RECOVERING = "20261130-104621-recover", "20261130-104621-recover-2"

QDRANT, REDIS, BACKEND, FRONTEND = ("5f1c" * 16, "a2e0" * 16, "c0de" * 16, "9b7d" * 16)
GOAL = Goal(
    qdrant_port=26333,
    redis_port=26379,
    qdrant_home="/srv/new/var/lib/qdrant",
    redis_dir="/srv/new/var/lib/redis",
    uploads="/srv/new/var/lib/omnimind/uploads",
    version="0.2.0",
    qdrant_version="1.18.3",
)
BUNDLED = Start(
    LibrarySource.BUNDLED,
    (Missing("libc.so.6", "GLIBC_2.38"),),
    (),
    "ld-linux-x86-64.so.2",
    {
        "ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2",
        "libc.so.6": "/lib/x86_64-linux-gnu/libc.so.6",
    },
)
BACKUP = BackupToRestore(
    "/srv/backup/machines-1.snapshot",
    "machines",
    {"params": {"vectors": {"size": 4, "distance": "Cosine"}, "shard_number": 1}, "quantization_config": None},
    4096,
    sha256="ab" * 32,
)


def _source(uploads: tuple[str, ...], qdrant: QdrantSource | None, redis: RedisSource | None) -> Source:
    everything, data = (QDRANT, REDIS, BACKEND, FRONTEND), (QDRANT, REDIS)
    return Source("shop", everything, (BACKEND, FRONTEND), data, (3000, 8000), uploads, qdrant, redis)


SOURCES = {
    DONE: _source(
        ("/srv/old/uploads",),
        QdrantSource(
            QDRANT,
            "http://127.0.0.1:44093",
            "",
            "/srv/old/qdrant/storage",
            "/qdrant/qdrant",
            "1.18.3",
            start=BUNDLED,
            static="/qdrant/static",
        ),
        RedisSource(
            REDIS, "127.0.0.1", 26380, "", "logical", "Valkey 9 writes what Redis 7 cannot load", save_first=True
        ),
    ),
    UNDONE: _source(
        ("/srv/old/uploads",),
        None,
        RedisSource(
            "",
            "",
            0,
            "",
            "rdb",
            "from /srv/backup/dump.rdb",
            backup="/srv/backup/dump.rdb",
            target_version="7.0.15",
        ),
    ),
    POSTPONED: _source(
        (),
        QdrantSource(
            "",
            "",
            "",
            "",
            "",
            "1.18.3",
            BACKUP,
            "/srv/qdrant",
            Start(LibrarySource.PACKAGES, (Missing("libunwind-ptrace.so.0"),), ("libunwind8",)),
        ),
        None,
    ),
}


def journal(folder: Path, srv: str = "/srv") -> Path:
    """Return a journal.db with all of its runs; `srv` is where their data lie."""
    path = folder / "journal.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIXTURE.read_text().replace("/srv", srv))
    return path
