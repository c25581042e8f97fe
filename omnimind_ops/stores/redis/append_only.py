"""Append-only files (AOF): a dump in the form in which a server with `appendonly yes` loads it.

Such a server ignores dump.rdb. Its append-only file may begin with a dump (`aof-use-rdb-preamble`, on by default), so a
dump alone is a complete one: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
"""

from __future__ import annotations

import os
from pathlib import Path

from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.versions import at_least

AOF_FOLDER = "appendonlydir"
AOF_FILE = "appendonly.aof"
BASE = f"{AOF_FILE}.1.base.rdb"
MANIFEST = f"{AOF_FILE}.manifest"


def make_append_only(folder: Path, version: str) -> None:
    """Turn the dump in Redis' data folder into the append-only file of a server of this version. It must be stopped."""
    dump = folder / DUMP_NAME
    if not at_least(version, 7, 0):
        dump.replace(folder / AOF_FILE)
        return
    owner, target = dump.stat(), folder / AOF_FOLDER
    target.mkdir(mode=0o750, exist_ok=True)
    manifest = target / MANIFEST
    manifest.write_text(f"file {BASE} seq 1 type b\n", encoding="ascii")
    manifest.chmod(0o640)
    for path in (target, manifest):
        os.chown(path, owner.st_uid, owner.st_gid)
    dump.replace(target / BASE)
