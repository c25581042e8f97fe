"""Backups of Redis that real servers made, damaged: each is refused, or what is staged from it is what it held."""

from __future__ import annotations

import random
import shutil
from functools import cache
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.backup import read_backup
from omnimind_ops.stores.redis.backup_words import AOF_NOT_COVERED, NOT_COVERED, coverage
from omnimind_ops.stores.redis.proof import prove_backup
from tests.campaigns import damage
from tests.campaigns.result import Result
from tests.stores.redis.backups import MADE, VERSION, census, silent

FORMS = (
    "dump.rdb",
    "without-checksum.rdb",
    "commands.aof",
    "dump-and-commands.aof",
    "parts",
    "both",
)
UNSEEN = "Redis: accepted and different, said to be without a checksum"
COVERED = "Redis: accepted and different, and not said to be without a checksum"
REFUSED_WHOLE = "Redis: refused although it was not damaged"


@cache
def held() -> dict[tuple[int, bytes], object]:
    """What every form holds."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="om-census-") as folder:
        return census(MADE / "dump.rdb", Path(folder))


def trial(folder: Path, chance: random.Random, *, damaged: bool) -> Result:
    """Damage one form once, and restore it as a migration does."""
    form = chance.choice(FORMS)
    path = folder / form
    if (MADE / form).is_dir():
        shutil.copytree(MADE / form, path)
        result = damage.of_folder(path, chance) if damaged else "as it was"
    else:
        shutil.copy(MADE / form, path)
        result = damage.of_file(path, chance) if damaged else "as it was"
    return _judged(path, folder, f"Redis, {form}: {result}", damaged=damaged)


def _judged(path: Path, folder: Path, detail: str, *, damaged: bool) -> Result:
    try:
        backup = read_backup(path)
        prove_backup(backup, VERSION, folder, folder / "made.rdb", silent)
    except Problem as problem:
        if not damaged:
            return Result(REFUSED_WHOLE, True, f"{detail}: {problem}")
        return Result("Redis: refused", detail=f"{detail}: {problem}")
    result = census(folder / "made.rdb", folder)
    if result == held():
        return Result("Redis: accepted and equal", detail=detail)
    changed = [key for key in result.keys() | held().keys() if result.get(key) != held().get(key)]
    is_said = any(text in coverage(backup) for text in (NOT_COVERED, AOF_NOT_COVERED))
    return Result(UNSEEN if is_said else COVERED, True, f"{detail}: {len(changed)} keys differ, as {changed[:3]}")
