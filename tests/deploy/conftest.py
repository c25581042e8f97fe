"""Roles without a host: pyinfra's fake connector answers facts from a table; what would run is read from the prepared
operations.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import stat
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pyinfra.api import FileUploadCommand, StringCommand
from pyinfra.api.deploy import add_deploy
from pyinfra.api.util import get_file_io
from pyinfra.connectors.fake import FakeConnector
from pyinfra.context import ctx_host, ctx_state

from deploy import prepare as dry
from deploy.connector import NEW_SUFFIX
from deploy.inventory import connect
from deploy.notes import Notes
from omnimind_ops.model.goal import Goal

os.environ["PYINFRA_PROGRESS"] = "off"
LINUX = {"uname -s": "Linux", "command -v useradd": "/usr/sbin/useradd"}


@dataclass(frozen=True)
class File:
    """A file on a fake host."""

    path: str
    content: str
    mode: int = 0o644
    user: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class Folder:
    """A folder on a fake host."""

    path: str
    mode: int = 0o755
    user: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class Link:
    """A link on a fake host."""

    path: str
    target: str


@dataclass
class Prepared:
    """What a role would do: shell commands, and what it would upload, in order and by path."""

    commands: list[str] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    changes: int = 0

    @property
    def shell(self) -> str:
        return "\n".join(self.commands)


def prepare(stage: Callable[[Goal], None], goal: Goal, answers: Mapping[str, str] | None = None) -> Prepared:
    """Prepare a role's stage against a fake host; `answers` are outputs of facts, by a piece of their command."""
    table = {**LINUX, **(answers or {})}
    responses = {re.compile(re.escape(key)): text.splitlines() for key, text in table.items()}
    data = {"fake_responses": responses, "fake_delay": 0, "fake_delay_jitter": 0}
    state, host = connect(FakeConnector, data)
    with Notes(host) as notes:
        add_deploy(state, stage, goal)
    prepared, result = dry.Prepared(state, host, list(host.op_hash_order), notes), Prepared()
    with ctx_state.use(state), ctx_host.use(host):
        for operation in prepared.operations:
            result.changes += prepared.change(operation) != "no"
            for command in state.ops[host][operation].command_generator():
                if isinstance(command, StringCommand):
                    result.commands.append(command.get_raw_value())
                elif isinstance(command, FileUploadCommand):
                    with get_file_io(command.src) as source:
                        content = source.read()
                    result.uploads.append(content.encode() if isinstance(content, str) else content)
                    result.files[command.dest.removesuffix(NEW_SUFFIX)] = result.uploads[-1].decode()
            result.lines += prepared.lines(operation)
    return result


def tar_answer(*wanted: File | Folder | Link) -> str:
    """What the Paths fact prints on a host where all of `wanted` stands."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for item in wanted:
            entry = tarfile.TarInfo(item.path)
            data = b""
            if isinstance(item, File):
                data = item.content.encode()
                entry.size, entry.mode, entry.uname, entry.gname = len(data), item.mode, item.user, item.group
            elif isinstance(item, Folder):
                entry.type, entry.mode, entry.uname, entry.gname = tarfile.DIRTYPE, item.mode, item.user, item.group
            elif isinstance(item, Link):
                entry.type, entry.linkname = tarfile.SYMTYPE, item.target
            archive.addfile(entry, io.BytesIO(data))
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def goal() -> Goal:
    return Goal(version="0.1.0", qdrant_version="1.20.0", qdrant_binary="/stage/qdrant")


def after(found: Prepared) -> dict[str, str]:
    """What the facts about files print once the operations of `found` have run."""
    modes = {path: int(mode, 8) for mode, path in re.findall(r"chmod (\d+) (\S+)", found.shell)}
    owners = {path: owner for owner, path in re.findall(r"chown (\w+:\w+) (\S+)", found.shell)}
    answers, secrets = {}, []
    for path, content in found.files.items():
        key = path if path in modes else path + NEW_SUFFIX
        user, group = owners[key].split(":")
        if key != path:
            secrets.append(File(path, content, modes[key], user, group))
        answers[f"test -e {path} ||"] = stat_answer(path, stat.S_IFREG | modes[key], user, group)
        answers[f"sha1sum {path} "] = f"{hashlib.sha1(content.encode()).hexdigest()}  {path}"  # noqa: S324 pyinfra's choice
    for path in re.findall(r"mkdir -p (\S+)", found.shell):
        answers[f"test -e {path} ||"] = stat_answer(path, stat.S_IFDIR | modes[path], *owners[path].split(":"))
    return {**answers, "tar --no-recursion": tar_answer(*secrets)}


def stat_answer(path: str, mode: int, user: str, group: str) -> str:
    """What pyinfra's facts about a path print."""
    return f"user={user} group={group} mode={stat.filemode(mode)} atime=0 mtime=0 ctime=0 size=1 '{Path(path)}'"
