"""Roles without a host: @fake answers facts from a table and records nothing; what would run is read from the prepared operations."""

from __future__ import annotations

import base64
import io
import os
import re
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from pyinfra.api import FileUploadCommand, StringCommand
from pyinfra.api.deploy import add_deploy
from pyinfra.context import ctx_host, ctx_state

from deploy import notes
from deploy.inventory import connected
from deploy.wanted import File, Folder, Link, Wanted
from omnimind_ops.model.goal import Goal

os.environ["PYINFRA_PROGRESS"] = "off"


@dataclass
class Prepared:
    """What a role would do: shell commands, and the text of what it would upload."""

    commands: list[str] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    changes: int = 0

    @property
    def shell(self) -> str:
        return "\n".join(self.commands)


def prepare(stage: Callable[[Goal], None], goal: Goal, answers: Mapping[str, str] | None = None) -> Prepared:
    """Prepare a role's stage against a fake host; `answers` are outputs of facts, by a piece of their command."""
    notes.clear()
    responses = {re.compile(re.escape(key)): text.splitlines() for key, text in (answers or {}).items()}
    state, host = connected("@fake", {"fake_responses": responses, "fake_delay": 0, "fake_delay_jitter": 0})
    add_deploy(state, stage, goal)
    found = Prepared()
    with ctx_state.use(state), ctx_host.use(host):
        for operation in state.get_op_order():
            data = state.ops[host][operation]
            found.changes += data.operation_meta.will_change
            for command in data.command_generator():
                if isinstance(command, StringCommand):
                    found.commands.append(command.get_raw_value())
                elif isinstance(command, FileUploadCommand):
                    found.uploads.append(command.src.read())
            found.lines += notes.lines(operation)
    return found


def tar_answer(*wanted: Wanted) -> str:
    """What the Paths fact prints on a host where all of `wanted` stands."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for one in wanted:
            entry = tarfile.TarInfo(one.path)
            data = b""
            if isinstance(one, File):
                data = one.content.encode()
                entry.size, entry.mode, entry.uname, entry.gname = len(data), one.mode, one.user, one.group
            elif isinstance(one, Folder):
                entry.type, entry.mode, entry.uname, entry.gname = tarfile.DIRTYPE, one.mode, one.user, one.group
            elif isinstance(one, Link):
                entry.type, entry.linkname = tarfile.SYMTYPE, one.target
            archive.addfile(entry, io.BytesIO(data))
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def goal() -> Goal:
    return Goal(version="0.1.0", qdrant_version="1.20.0", qdrant_binary="/stage/qdrant")


def after(found: Prepared) -> str:
    """What the Paths fact prints once the operations of `found` have run."""
    wanted: list[Wanted] = []
    for mode, user, group, path in re.findall(r"install -d -m (\d+) -o (\S+) -g (\S+) (\S+)", found.shell):
        wanted.append(Folder(path, int(mode, 8), user, group))
    for target, path in re.findall(r"ln -sfn (\S+) (\S+)\.omnimind-new", found.shell):
        wanted.append(Link(path, target))
    for parcel in found.uploads:
        with tarfile.open(fileobj=io.BytesIO(parcel)) as archive:
            for member in archive:
                source = archive.extractfile(member)
                assert source
                path = member.name.removesuffix(".omnimind-new")
                wanted.append(
                    File("/" + path.lstrip("/"), source.read().decode(), member.mode, member.uname, member.gname)
                )
    return tar_answer(*wanted)
