"""A scratch server as a converter: the target's server program on a unix socket in a private folder. It stops when the
block ends or this process dies.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from omnimind_ops.model.event import Tell
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts, wait_until_ready
from omnimind_ops.stores.redis.rdb import DUMP_NAME, RdbFacts, rdb_facts
from omnimind_ops.tools.parent import killed_with_parent
from omnimind_ops.tools.shell import Completed, run

FOLDER = "redis-scratch"
SOCKET_PATH_MAX = 107  # bytes, sun_path of unix(7)
DAY = 86_400.0
MANY_DATABASES = 1024  # databases: a dump refers to them by number, and a server refuses numbers beyond its setting
SERVER = "/usr/bin/redis-server"
NO_SETTINGS: Mapping[str, str] = {}


def build_rdb_key_by_key(
    source: RedisEndpoint, workdir: Path, target: Path, tell: Tell, step: str = "", server_program: str = SERVER
) -> RdbFacts:
    """Copy every key of `source` into a scratch server of the target's version and move the saved dump to `target`.

    A run after a crash starts over. Needs memory for a second copy of the data and disk space for the dump.
    """
    databases = server_facts(source).databases
    with scratch_server(server_program, workdir, databases=databases) as scratch:
        copy_keys(source, scratch, tell, step, scratch=True)
        return save_scratch(scratch, workdir, target)


@contextmanager
def scratch_server(program: str, workdir: Path, *, databases: int = 16) -> Iterator[RedisEndpoint]:
    """Run an empty server in `workdir`/redis-scratch for the block: unix socket only, no saves unless requested, killed
    if this process dies.

    A leftover of an earlier run is stopped and removed first.
    """
    with serve(program, fresh_folder(workdir), databases=max(16, databases)) as endpoint:
        yield endpoint


def save_scratch(scratch: RedisEndpoint, workdir: Path, target: Path) -> RdbFacts:
    """Make a scratch server write its dump and move the dump to `target`; the file is synced and its end is checked."""
    with connect(scratch, timeout=DAY) as connection:
        connection.call("SAVE")
    partial = target.with_name(f".{target.name}.part")
    shutil.move(workdir / FOLDER / DUMP_NAME, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    facts = rdb_facts(partial)
    partial.replace(target)
    return facts


def fresh_folder(workdir: Path) -> Path:
    """Stop and remove the leftovers of an earlier run in `workdir`/redis-scratch, and create the folder again."""
    folder = workdir / FOLDER
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
        raise Problem(
            "cannot start a scratch Redis",
            f"the path of its socket is longer than {SOCKET_PATH_MAX} bytes: {socket}",
            "use a state directory with a shorter path",
        )
    if socket.exists():
        with suppress(Problem), connect(RedisEndpoint(socket=str(socket)), timeout=5) as connection:
            connection.try_call("SHUTDOWN", "NOSAVE")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


@contextmanager
def serve(
    program: str, folder: Path, *, databases: int, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[RedisEndpoint]:
    """Run a server on the files in the folder; the folder is removed at the end.

    It loads a file completely or not at all. `settings` say which files it loads; the default is the dump.
    """
    endpoint = RedisEndpoint(socket=str(folder / "redis.sock"))
    results: list[Completed] = []
    command = _server_command(program, folder, databases=databases, settings=settings)
    # run() blocks until the server ends, so it needs a thread. PDEATHSIG is tied to that thread, which lives exactly as
    # long as the server or this process.
    thread = Thread(
        target=lambda: results.append(run(command, check=False, timeout=DAY, cwd=folder)),
        name="redis-scratch",
        daemon=True,
    )
    thread.start()
    try:
        _wait_until_ready(endpoint, thread, results, folder)
        yield endpoint
    finally:
        _stop(endpoint, thread, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _server_command(program: str, folder: Path, *, databases: int, settings: Mapping[str, str]) -> tuple[str, ...]:
    settings = {
        "port": "0",
        "unixsocket": str(folder / "redis.sock"),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "redis.pid"),
        "dbfilename": DUMP_NAME,
        "save": "",
        "appendonly": "no",
        "aof-load-truncated": "no",
        "databases": str(databases),
        "maxmemory": "0",
        "rdbcompression": "no",  # a save is part of the downtime
        "daemonize": "no",
        **settings,
    }
    return (
        *killed_with_parent(),
        program,
        *(argument for name, value in settings.items() for argument in (f"--{name}", value)),
    )


def _wait_until_ready(endpoint: RedisEndpoint, thread: Thread, results: list[Completed], folder: Path) -> None:
    while thread.is_alive():
        if Path(endpoint.socket).exists():
            with suppress(Problem):
                wait_until_ready(endpoint, timeout=0)
                return
        time.sleep(0.02)
    result = results[0] if results else Completed((), 127, "", "it did not start")
    output = tuple((result.out + result.err).strip().splitlines()[-20:])
    program = " ".join(result.argv[4:5])
    raise Problem(
        "cannot start a scratch Redis",
        f"`{program}` in {folder} exited with {result.code}: {output[-1] if output else 'no output'}",
        "read its log below, and check that the redis-server package is installed",
        log=output,
    )


def _stop(endpoint: RedisEndpoint, thread: Thread, folder: Path) -> None:
    if thread.is_alive():
        with suppress(Problem), connect(endpoint, timeout=30) as connection:
            connection.try_call("SHUTDOWN", "NOSAVE")
    thread.join(30)
    if thread.is_alive():
        with suppress(OSError, ValueError):
            os.kill(int((folder / "redis.pid").read_text()), signal.SIGKILL)
        thread.join(30)
