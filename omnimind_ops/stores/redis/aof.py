"""Append-only files of a backup: the folder with a manifest (Redis 7.0 and newer), or the single file before."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.aof_commands import AofCommands, DamagedAofError, read_commands
from omnimind_ops.stores.redis.dump import Dump, is_dump, read_dump_part
from omnimind_ops.stores.redis.mapped import mapped

MANIFEST = ".manifest"
FOLDER = "appendonlydir"
_PART = re.compile(r"(?P<name>.+)\.(?P<seq>\d+)\.(?P<kind>base|incr)\.(rdb|aof)")
NO_COMMANDS = AofCommands()
_BASE, _INCREMENT, _HISTORY = "b", "i", "h"


@dataclass(frozen=True)
class AppendOnly:
    """Append-only files that belong together, in the order in which a server reads them.

    `folder` has the manifest, None for a single file. `name` is the setting `appendfilename`. `base` is the dump at the
    start, None without one.
    """

    path: Path
    name: str
    files: tuple[Path, ...]
    folder: Path | None = None
    base: Dump | None = None
    commands: AofCommands = NO_COMMANDS

    @property
    def empty(self) -> bool:
        """Return whether a server that reads them holds nothing."""
        return self.commands.count == 0 and (self.base is None or self.base.is_empty)

    @property
    def size(self) -> int:
        """Return their bytes."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def databases(self) -> int:
        """Return how many numbered databases a server needs for them."""
        return max(self.commands.databases, self.base.databases if self.base else 0)

    @property
    def changed(self) -> float:
        """Return when they were last written, as the file system says."""
        return max(file.stat().st_mtime for file in self.files)

    def copy_to(self, folder: Path) -> dict[str, str]:
        """Copy them into a server's data folder; return the settings with which a server reads them."""
        settings = {"appendonly": "yes", "appendfilename": self.name}
        if self.folder is None:
            shutil.copyfile(self.path, folder / self.name)
            return settings
        (folder / FOLDER).mkdir()
        for file in (*self.files, self.folder / f"{self.name}{MANIFEST}"):
            shutil.copyfile(file, folder / FOLDER / file.name)
        return {**settings, "appenddirname": FOLDER}


def is_append_only(path: Path) -> bool:
    """Return whether a file begins as an append-only file without a dump does."""
    with path.open("rb") as file:
        return bool(re.match(rb"\*[1-9]\d{0,6}\r\n\$\d|#TS:\d", file.read(32)))


def is_part_folder(folder: Path) -> bool:
    """Return whether a folder holds append-only files with a manifest, or without one when it is lost."""
    names = [path.name for path in folder.iterdir()]
    return any(name.endswith(MANIFEST) or _PART.fullmatch(name) for name in names)


def read_single(path: Path) -> AppendOnly:
    """Return the single append-only file of a server before 7.0; Problem when it is damaged."""
    return _read(AppendOnly(path, path.name, (path,)))


def read_parts(folder: Path) -> AppendOnly:
    """Return the files that the manifest lists; Problem when one is missing or damaged, or when the list is."""
    manifests = sorted(path for path in folder.glob(f"*{MANIFEST}") if not path.name.startswith("temp"))
    if len(manifests) != 1:
        names = ", ".join(path.name for path in manifests)
        raise Problem(
            f"cannot use {folder} as a Redis backup",
            f"it contains several manifests: {names}"
            if manifests
            else f"its manifest (NAME{MANIFEST}) is missing: a server would ignore the other files and start empty",
            "move all files but those of one server away, in a copy of the folder"
            if manifests
            else "copy the folder again, with all its files, from the machine that made it",
        )
    name = manifests[0].name.removesuffix(MANIFEST)
    files = _listed(manifests[0], folder)
    _check_unlisted(folder, name, files)
    return _read(AppendOnly(folder, name, files, folder))


def _listed(manifest: Path, folder: Path) -> tuple[Path, ...]:
    entries = _entries(manifest)
    bases = [name for kind, _, name in entries if kind == _BASE]
    increments = [(seq, name) for kind, seq, name in entries if kind == _INCREMENT]
    numbers = [seq for seq, _ in increments]
    first = numbers[0] if bases and numbers else 1
    if len(bases) > 1 or numbers != list(range(first, first + len(numbers))) or not entries:
        raise _damaged(manifest, "its list is not complete: numbers are missing or twice")
    files = tuple(folder / name for name in (*bases, *(name for _, name in increments)))
    if missing := [file.name for file in files if not file.is_file()]:
        raise Problem(
            f"cannot use {folder} as a Redis backup",
            f"{missing[0]}, which {manifest.name} lists, is missing",
            "copy the folder again, with all its files, from the machine that made it",
        )
    return files


def _entries(manifest: Path) -> list[tuple[str, int, str]]:
    """Return kind, number and file name of each line."""
    entries = []
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("#"):
            continue
        try:
            arguments = shlex.split(line)
            fields = dict(zip(arguments[::2], arguments[1::2], strict=True))
            kind, seq, name = fields["type"], int(fields["seq"]), fields["file"]
        except (ValueError, KeyError) as error:
            raise _damaged(manifest, f"it has a line {line!r}") from error
        if kind not in (_BASE, _INCREMENT, _HISTORY) or "/" in name or name in ("", ".", ".."):
            raise _damaged(manifest, f"it has a line {line!r}")
        entries.append((kind, seq, name))
    return entries


def _check_unlisted(folder: Path, name: str, files: tuple[Path, ...]) -> None:
    """Refuse parts with content that come after the listed ones: the manifest is older than the files."""
    newest = {kind: max((_part(f)[1] for f in files if _part(f)[0] == kind), default=0) for kind in ("base", "incr")}
    for path in sorted(folder.iterdir()):
        kind, seq, of = _part(path)
        if path in files or of != name or not path.stat().st_size or seq <= newest[kind]:
            continue
        if kind == "base" and newest["base"]:
            continue  # a rewrite that ended just before the manifest was written; the listed files hold the same
        raise Problem(
            f"cannot use {folder} as a Redis backup",
            f"{path.name} is not in {name}{MANIFEST}, which lists only older files: the manifest and the files are not "
            "from the same moment",
            "copy the folder again, with all its files, from the stopped server",
        )


def _part(path: Path) -> tuple[str, int, str]:
    match = _PART.fullmatch(path.name)
    return (match["kind"], int(match["seq"]), match["name"]) if match else ("", 0, "")


def _read(files: AppendOnly) -> AppendOnly:
    """Read every file to its end."""
    base: Dump | None = None
    commands = NO_COMMANDS
    for number, path in enumerate(files.files):
        begin = 0
        if is_dump(path):
            if number:
                raise _damaged(path, "it begins with a dump, which only the first file does")
            base, begin = read_dump_part(path)
        try:
            with mapped(path) as data:
                result = read_commands(data, begin)
        except DamagedAofError as error:
            raise _damaged_commands(files, path, error) from error
        commands = AofCommands(
            commands.count + result.count,
            max(commands.databases, result.databases),
            result.written or commands.written,
        )
    return replace(files, base=base, commands=commands)


def _damaged_commands(files: AppendOnly, path: Path, error: DamagedAofError) -> Problem:
    checked = path if files.folder is None else files.folder / f"{files.name}{MANIFEST}"
    lost = path.stat().st_size - error.at
    return Problem(
        f"cannot use {path} as a Redis backup",
        f"{error}; its last {lost} bytes cannot be loaded",
        "copy it again from the machine that made it. To go without these bytes, run "
        f"`redis-check-aof --fix {checked.name}` in a copy of {checked.parent}, and pass that copy",
    )


def _damaged(path: Path, why: str) -> Problem:
    return Problem(
        f"cannot use {path} as a Redis backup",
        why,
        "copy it again from the machine that made it, or use another backup",
    )
