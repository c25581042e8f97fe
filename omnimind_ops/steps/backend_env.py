"""kind "backend-env": write the old backend's own variables to a file for the native backends, as comments.

The native backend reads none of them. The file is the user's own from then on. docs/decisions/040-stacks-of-other-shapes.md
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.backend_env import BackendEnvNotes, BackendEnvPayload
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.observe.docker import container_now, image_environments
from omnimind_ops.steps.redis_users import unused_beside

HEADER = """\
# Variables of the old backend's container, carried by omnimind. This file is yours: omnimind does not write it again.
# omnimind's backend reads none of them. Remove the # before one that a change of yours needs, then run
# `omnimind restart`. Addresses of the moved services and of the host are replaced; passwords of the old stores are not.
"""
HOST_NAMES = ("host.docker.internal", "gateway.docker.internal")


@dataclass(frozen=True)
class BackendEnvStep:
    """Writes the file for root only; an existing one stays as it is."""

    payload: ClassVar = BackendEnvPayload
    notes: ClassVar = BackendEnvNotes

    def preview(self, step: Task[BackendEnvPayload]) -> Preview:
        """Return a change unless there is such a file; values are never shown."""
        return Preview(step.id, Change.NO if Path(step.payload.file).exists() else Change.YES)

    def do(self, step: Task[BackendEnvPayload], memo: Memo[BackendEnvNotes], tell: Tell) -> bool:
        """Write the variables that the container has and its image does not."""
        payload, file = step.payload, Path(step.payload.file)
        if file.exists() and not memo.read().written:
            tell(warning(f"{file} exists and stays as it is: the old backend's variables are not carried", step.id))
            return False
        container = container_now(payload.container)
        variables = own_variables(container.env, image_environments((container.image_id,)).get(container.image_id, {}))
        if not variables:
            return False
        memo.write(BackendEnvNotes(written=True))
        _write(file, HEADER + "".join(lines_of(variables, payload.addresses)))
        tell(line(step.id, f"{len(variables)} variables of the old backend are comments in {file}"))
        return True

    def undo(self, step: Task[BackendEnvPayload], memo: Memo[BackendEnvNotes], tell: Tell) -> None:
        """Set the file that this run wrote aside: somebody may have edited it since."""
        file = Path(step.payload.file)
        if memo.read().written and file.exists():
            aside = unused_beside(file)
            file.rename(aside)
            tell(line(step.id, f"moved {file} to {aside}"))
        memo.write(BackendEnvNotes(written=False))


def own_variables(container: Mapping[str, str], image: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that somebody gave the container, sorted by name."""
    return {name: value for name, value in sorted(container.items()) if image.get(name) != value}


def lines_of(variables: Mapping[str, str], addresses: Mapping[str, str]) -> Iterator[str]:
    """Yield each variable as a commented line of an environment file (systemd.exec(5)).

    `addresses` are those of the moved services, by the name that the containers used.
    """
    for name, value in variables.items():
        text = with_addresses(value, addresses).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield f'# {name}="{text}"\n'


def with_addresses(value: str, addresses: Mapping[str, str]) -> str:
    """Return a value with the addresses of moved services, and of the host, as the host's own processes reach them."""
    for name, address in addresses.items():
        value = re.sub(rf"(?<=[/@])({re.escape(name)})(:\d+)?(?=[/?,]|$)", address, value)
    for name in HOST_NAMES:
        value = re.sub(rf"\b{re.escape(name)}\b", "127.0.0.1", value)
    return value


def _write(file: Path, content: str) -> None:
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as target:
        target.write(content)
        target.flush()
        os.fsync(handle)
    new.replace(file)
