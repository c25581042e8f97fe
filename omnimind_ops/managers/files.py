"""Log files of processes: their last lines, those since a time, and new ones as they are written.

Rotated files (NAME.1) are read too.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO

PAUSE = 0.2
LAST_BYTES = 64 * 1024
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|UTC|[+-]\d\d:?\d\d)?")
_VALKEY = re.compile(r"(\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d)\.(\d{3})")
_HEAD = 90  # characters at the start of a line that may contain its time


def read(file: Path, lines: int, since: float | None) -> Iterator[str]:
    """Yield the last `lines` lines, oldest first; `since` (unix seconds) leaves out older ones.

    A line without a time gets that of the line before.
    """
    entries = [line for part in (file.with_name(f"{file.name}.1"), file) for line in _lines(part)]
    if since is not None:
        entries = _after(entries, since, file)
    yield from entries[-lines:] if lines > 0 else entries


def tail(file: Path, lines: int = 15) -> tuple[str, ...]:
    """Return the last lines quickly, none when there is no file."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - LAST_BYTES))
            return tuple(opened.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ()


def follow(files: Mapping[str, Path], pause: float = PAUSE) -> Iterator[tuple[str, str]]:
    """Yield new (name, line) pairs, for ever; a rotated file is read to its end, then the new one."""
    watched = {name: _LogFile(file) for name, file in files.items()}
    try:
        while True:
            new_lines = [(name, line) for name, log in watched.items() for line in log.read_new()]
            yield from new_lines
            if not new_lines:
                time.sleep(pause)
    finally:
        for log in watched.values():
            log.close()


class _LogFile:
    """One file and the position up to which it was read."""

    def __init__(self, file: Path) -> None:
        self.file, self.rest = file, b""
        self.opened: IO[bytes] | None = self._open()
        if self.opened:
            self.opened.seek(0, os.SEEK_END)

    def read_new(self) -> list[str]:
        if self.opened is None:
            self.opened = self._open()
        if self.opened is None:
            return []
        *lines, self.rest = (self.rest + self.opened.read()).split(b"\n")
        if not lines and self._is_rotated(self.opened):
            self.opened.close()
            self.opened = self._open()
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        if self.opened:
            self.opened.close()

    def _open(self) -> IO[bytes] | None:
        try:
            return self.file.open("rb")
        except OSError:
            return None

    def _is_rotated(self, opened: IO[bytes]) -> bool:
        try:
            current, opened_stat = self.file.stat(), os.fstat(opened.fileno())
        except OSError:
            return False
        return current.st_ino != opened_stat.st_ino or current.st_size < opened.tell()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return []


def _after(lines: list[str], since: float, file: Path) -> list[str]:
    selected, at = [], None
    for line in lines:
        at = time_of(line) or at
        if at is not None and at >= since:
            selected.append(line)
    if at is None and lines and file.exists() and file.stat().st_mtime >= since:
        return lines  # no line has a time: use that of the file
    return selected


def time_of(line: str) -> float | None:
    """Return the unix time of a log line, None when it has none.

    Formats are ISO 8601 and those of PostgreSQL, Valkey and OmniMind's JSON lines. A time without a zone is local:
    supervisor and Valkey write those.
    """
    if line.startswith("{"):
        return _json(line)
    if match := _ISO.search(line[:_HEAD]):
        date, clock, fraction, zone = match.groups()
        offset = {"Z": "+00:00", "UTC": "+00:00", None: ""}.get(zone, zone)
        return _stamp(f"{date}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{offset}")
    if match := _VALKEY.search(line[:_HEAD]):
        return datetime.strptime(match[1], "%d %b %Y %H:%M:%S").astimezone().timestamp() + int(match[2]) / 1000
    return None


def _json(line: str) -> float | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    at = entry.get("at") or entry.get("time") or entry.get("timestamp") if isinstance(entry, dict) else None
    if isinstance(at, int | float):
        return float(at)
    return _stamp(at) if isinstance(at, str) else None


def _stamp(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
