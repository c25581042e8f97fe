"""Look into a Redis dump."""

from __future__ import annotations

import shutil
from pathlib import Path

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.stores.redis.fingerprint import fingerprint
from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.scratch import MANY_DATABASES, SERVER, fresh_folder, serve


def fingerprint_rdb(rdb: Path, workdir: Path, horizon: int, server_program: str = SERVER) -> Fingerprint:
    """Return what a dump holds, by loading a copy of it into a scratch server."""
    folder = fresh_folder(workdir)
    shutil.copyfile(rdb, folder / DUMP_NAME)
    with serve(server_program, folder, databases=MANY_DATABASES) as scratch:
        return fingerprint(scratch, horizon)
