"""Options of `omnimind migrate` about the stores: backups instead of their containers, passwords, programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

QdrantBackup = Annotated[
    Path | None,
    typer.Option(
        "--qdrant-backup", help="Restore Qdrant from a storage or collection folder, a tar of one, or a snapshot."
    ),
]
QdrantCollection = Annotated[
    str, typer.Option("--qdrant-collection", help="Collection name, for a backup of one collection.")
]
QdrantCollectionConfig = Annotated[
    Path | None,
    typer.Option("--qdrant-collection-config", help="config.json of the collection, for a shard snapshot."),
]
QdrantBinary = Annotated[
    Path | None, typer.Option("--qdrant-binary", help="Qdrant program to install instead of the container's.")
]
RedisBackup = Annotated[
    Path | None, typer.Option("--redis-backup", help="Restore Redis from a dump.rdb or the folder of one.")
]
Redis = Annotated[str, typer.Option("--redis", help="auto: migrate the container's data; empty: start without data.")]
RedisPasswordFile = Annotated[
    Path | None,
    typer.Option("--redis-password-file", help="File with the old Redis' password, if its container does not tell it."),
]
QdrantApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--qdrant-api-key-file", help="File with the old Qdrant's API key, if its container does not tell it."
    ),
]
RedisService = Annotated[
    str, typer.Option("--redis-service", metavar="NAME", help="Compose service to migrate, if several are a Redis.")
]
QdrantService = Annotated[
    str, typer.Option("--qdrant-service", metavar="NAME", help="Compose service to migrate, if several are a Qdrant.")
]
