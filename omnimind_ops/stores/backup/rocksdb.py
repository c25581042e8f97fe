"""RocksDB backups inside segments: what Qdrant up to 1.17 puts into a snapshot in place of the database's own files.

Layout (RocksDB's BackupEngine): `meta/1` lists the files, `private/1/` holds those of this backup alone,
`shared_checksum/` tables with their checksum and size in the name. Restoring one is giving each file its own name
again, in the database's directory.
"""

from __future__ import annotations

import re

HOMES = {"db_backup": "", "payload_index_db_backup": "payload_index/"}
"""Where in a segment the database of a backup directory lives."""

_TABLE = re.compile(r"^(?P<number>\d+)_.*\.(?P<kind>sst|blob)$")


class UnknownFileError(ValueError):
    """A file that no RocksDB backup made by Qdrant has."""


def is_list(parts: tuple[str, ...]) -> bool:
    """Tell whether a backup's file is the list of its files."""
    return parts == ("meta", "1")


def restored(parts: tuple[str, ...]) -> str:
    """Return the name in the database's directory of a backup's file, e.g. ("private", "1", "CURRENT")."""
    if len(parts) == 3 and parts[:2] == ("private", "1"):
        return parts[2]
    if len(parts) == 2 and parts[0] == "shared":
        return parts[1]
    if len(parts) == 2 and parts[0] == "shared_checksum" and (match := _TABLE.match(parts[1])):
        return f"{match['number']}.{match['kind']}"
    raise UnknownFileError("/".join(parts))


def listed(said: bytes) -> list[str]:
    """Return the names in the database's directory of all files that a list names; UnknownFileError when it is none."""
    lines = said.decode(errors="replace").splitlines()
    files = [line.split(" ")[0] for line in lines if " crc32 " in line]
    if len(lines) < 3 or str(len(files)) not in lines[2:4]:
        raise UnknownFileError("the list of files is damaged")
    return [restored(tuple(file.split("/"))) for file in files]
