"""Which engine answers: Docker as a distribution or Docker itself packages it, or another one, told by its marks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.tools import docker
from omnimind_ops.tools.shell import run

SNAP = "/var/snap/"
BACKUPS = "or migrate backups of its stores (--qdrant-backup, --redis-backup)"


def refuse_other_engines() -> None:
    """Raise Problem for an engine whose containers omnimind cannot migrate. Any data folder of Docker is fine."""
    answers = run(docker.info(), timeout=30, check=False)
    try:
        info = json.loads(answers.out) if answers.ok else {}
    except ValueError:
        info = {}
    if reason := refusal(info):
        why, fix = reason
        raise Problem("cannot migrate from this engine", why, fix)


def refusal(info: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return why an engine is refused and what to do, from what `docker info` says of it; None for Docker itself."""
    if "DockerRootDir" not in info and {"host", "store"} <= info.keys():
        return "it is Podman, which answers in place of Docker", f"run the stack with Docker once, {BACKUPS}"
    if str(info.get("DockerRootDir", "")).startswith(SNAP):
        return (
            "it is Docker from snap, whose `docker cp` cannot write outside of the snap's own folders",
            "install your distribution's docker.io, start the stack there with copies of its volumes, " + BACKUPS,
        )
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        return (
            "it runs rootless, as a user's own service: its containers' networks and files belong to that user",
            f"start the stack with the system's Docker (docker context use default), {BACKUPS}",
        )
    return None
