"""The package index of the environments: one request for a small package, through uv as the installation does it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from omnimind_ops.model.facts import Index
from omnimind_ops.tools import index, output
from omnimind_ops.tools.shell import run

PACKAGE = "h11"
"""About 40 kB, and in every lock (tests/unit/test_index.py)."""
SECONDS = 10.0
ONCE = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": f"{SECONDS:.0f}"}


def probe(environment: Mapping[str, str] | None = None) -> Index:
    """Return whether the index answers; the same certificates, proxies and logins apply as in the installation."""
    env = os.environ if environment is None else environment
    completed = run(
        _command(),
        feed=f"{PACKAGE}\n".encode(),
        timeout=2 * SECONDS,
        check=False,
        env={**env, **index.environment(env), **ONCE},
    )
    url = index.without_login(index.url(env))
    if completed.ok:
        return Index(url)
    return Index(url, output.main_line(completed.err.splitlines()) or f"uv exited with {completed.code}")


def _command() -> tuple[str, ...]:
    from uv import find_uv_bin

    return (
        find_uv_bin(),
        "pip",
        "compile",
        "--quiet",
        "--no-config",
        "--no-cache",
        "--no-python-downloads",
        "--system-certs",
        "--no-deps",
        "--no-header",
        "-",
    )
