"""RocksDB backups inside segments: Qdrant up to 1.17 puts them into a snapshot in place of the database's own files.

Layout (RocksDB's BackupEngine): `meta/1` lists the files, `private/1/` holds the files of this backup alone,
`shared_checksum/` holds tables with checksum and size in the name. To restore a backup, give each file its original
name in the database's directory.
"""

from __future__ import annotations

import re

DATABASE_FOLDERS = {"db_backup": "", "payload_index_db_backup": "payload_index/"}
"""Path in a segment of the database for each backup directory."""

_TABLE = re.compile(r"^(?P<number>\d+)_.*\.(?P<kind>sst|blob)$")


class UnknownFileError(ValueError):
    """A file that no RocksDB backup of Qdrant contains."""


def is_file_list(parts: tuple[str, ...]) -> bool:
    """Return whether a file of a backup is the list of its files."""
    return parts == ("meta", "1")


def original_name(parts: tuple[str, ...]) -> str:
    """Return the name in the database's directory of a backup's file, e.g. ("private", "1", "CURRENT")."""
    if len(parts) == 3 and parts[:2] == ("private", "1"):
        return parts[2]
    if len(parts) == 2 and parts[0] == "shared":
        return parts[1]
    if len(parts) == 2 and parts[0] == "shared_checksum" and (match := _TABLE.match(parts[1])):
        return f"{match['number']}.{match['kind']}"
    raise UnknownFileError("/".join(parts))


def parse_file_list(content: bytes) -> list[str]:
    """Return the names in the database's directory of all listed files; UnknownFileError for a damaged list."""
    lines = content.decode(errors="replace").splitlines()
    files = [line.split(" ")[0] for line in lines if " crc32 " in line]
    if len(lines) < 3 or str(len(files)) not in lines[2:4]:
        raise UnknownFileError("a damaged list of files")
    return [original_name(tuple(file.split("/"))) for file in files]
