"""place: files, folders and links of a role as wanted, written beside and renamed, in one upload and one shell."""

from __future__ import annotations

import difflib
import io
import shlex
import tarfile
from collections.abc import Sequence

from pyinfra import host
from pyinfra.api import FileUploadCommand, StringCommand, operation

from deploy import notes
from deploy.commands import Commands
from deploy.facts.paths import Found, Paths
from deploy.look import look
from deploy.wanted import Absent, File, Folder, Link, Wanted

SUFFIX = ".omnimind-new"
PARCEL = "/run/omnimind-parcel.tar"


@operation()
def place(wanted: Sequence[Wanted], then: str = "") -> Commands:
    """Make all of `wanted` true, in their order; run the shell line `then` when something had to be written."""
    found = look(Paths, paths=tuple(one.path for one in wanted))
    wrong = [one for one in wanted if not _is(one, found.get(one.path))]
    notes.note(host, [line for one in wrong for line in _story(one, found.get(one.path))])
    if not wrong:
        return
    files = [one for one in wrong if isinstance(one, File)]
    if files:
        yield FileUploadCommand(_parcel(files), PARCEL)
    yield StringCommand(_script(wrong, bool(files), then))


def _is(one: Wanted, found: Found | None) -> bool:
    if isinstance(one, Absent):
        return found is None
    if found is None:
        return False
    if isinstance(one, Link):
        return found.kind == "link" and found.content == one.target.encode()
    owner = (found.mode, found.user, found.group) == (one.mode, one.user, one.group)
    if isinstance(one, Folder):
        return found.kind == "folder" and (one.keep or owner)
    return found.kind == "file" and owner and found.content == one.content.encode()


def _story(one: Wanted, found: Found | None) -> list[str]:
    if isinstance(one, Absent):
        return [f"- {one.path}"]
    if isinstance(one, Link):
        return [f"{'~' if found else '+'} {one.path} -> {one.target}"]
    head = f"{'~' if found else '+'} {one.path} {one.mode:o} {one.user}:{one.group}"
    if isinstance(one, Folder):
        return [head + " (folder)"]
    if one.secret:
        return [head + " (content not shown)"]
    if found is None:
        return [f"{head} ({one.content.count(chr(10))} lines)"]
    before = found.content.decode(errors="replace").splitlines()
    diff = difflib.unified_diff(before, one.content.splitlines(), lineterm="", n=1)
    return [head, *(f"    {line}" for line in diff if not line.startswith(("---", "+++")))]


def _parcel(files: list[File]) -> io.BytesIO:
    """Pack the files under their temporary names; the parcel is root's own (0600), so secrets may travel in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            data = file.content.encode()
            entry = tarfile.TarInfo(file.path + SUFFIX)
            entry.size, entry.mode, entry.uname, entry.gname = len(data), file.mode, file.user, file.group
            # Numbers that nobody has: an unknown name must not fall back to uid 0.
            entry.uid = 0 if file.user == "root" else 65534
            entry.gid = 0 if file.group == "root" else 65534
            archive.addfile(entry, io.BytesIO(data))
    buffer.seek(0)
    return buffer


def _script(wrong: list[Wanted], parcel: bool, then: str) -> str:
    lines = ["set -eu", "umask 022"]
    if parcel:
        lines.append(f"trap 'rm -f {PARCEL}' EXIT")
    lines += [_removal(one) for one in wrong if isinstance(one, Absent)]
    lines += [_folder(one) for one in wrong if isinstance(one, Folder)]
    if parcel:
        # --touch: systemd and our own restarts tell a changed file by its time, and a tar has the time of its making, or none.
        lines.append(f"tar --same-owner --same-permissions --touch -xPf {PARCEL}")
    lines += [_rename(one) for one in wrong if isinstance(one, File | Link)]
    return "\n".join([*lines, then] if then else lines)


def _removal(one: Absent) -> str:
    return f"rm -f {shlex.quote(one.path)}"


def _folder(one: Folder) -> str:
    path = shlex.quote(one.path)
    made = f"install -d -m {one.mode:o} -o {one.user} -g {one.group} {path}"
    return f"[ -d {path} ] || {made}" if one.keep else made


def _rename(one: File | Link) -> str:
    path, fresh = shlex.quote(one.path), shlex.quote(one.path + SUFFIX)
    made = f"ln -sfn {shlex.quote(one.target)} {fresh} && " if isinstance(one, Link) else ""
    return f"{made}mv -fT {fresh} {path}"
