"""Credentials for a measurement.

The token in OMNIMIND_TOKEN, none where reads are open, or a temporary user that is deleted afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from omnimind_ops.flows.bench.target import SECONDS, Target
from omnimind_ops.flows.bench.timed_http import Request, send
from omnimind_ops.flows.user import run_command
from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths

PROBE = Request("GET", "/v1/models")
"""Needs the role reader and nothing more."""


@contextmanager
def login(
    target: Target, paths: Paths, role: str = "reader", environment: Mapping[str, str] = os.environ
) -> Iterator[dict[str, str]]:
    """Yield the headers for the requests. A temporary user is always deleted at the end."""
    if token := environment.get("OMNIMIND_TOKEN"):
        yield {"authorization": f"Bearer {token}"}
    elif role == "reader" and not _requires_login(target):
        yield {}
    elif target.world is None or not target.world.has_credentials:
        reason = (
            "it requires a login, and it is not this machine's system"
            if target.world is None
            else "it requires a login, and only root can read the credentials"
        )
        raise Problem(
            f"cannot measure {target.name}",
            reason,
            "set OMNIMIND_TOKEN to an API token (omnimind user token NAME), or run the command as root on its machine",
        )
    else:
        user = run_command(
            target.world,
            paths,
            "create a user for the measurement",
            action="create_bench_user",
            role=role,
            pid=os.getpid(),
        )
        try:
            yield {"authorization": f"Bearer {user['token']}"}
        finally:
            run_command(
                target.world,
                paths,
                f"delete the temporary user {user['name']}",
                action="delete_bench_user",
                name=user["name"],
            )


def _requires_login(target: Target) -> bool:
    """Return whether the server demands a login. A server without this route demands none."""
    try:
        return send(target.urls[0], PROBE, {}, SECONDS).status in (401, 403)
    except OSError:
        return False
