"""A scratch server as a converter: the target's server program on a unix socket in a private folder. It stops when the
block ends or this process dies.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from omnimind_ops.model.event import Tell
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.copy import copy_logical
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts, wait_ready
from omnimind_ops.stores.redis.rdb import NAME, RdbFacts, rdb_facts
from omnimind_ops.stores.redis.wire import connect
from omnimind_ops.tools.parent import killed_with_parent
from omnimind_ops.tools.shell import Completed, run

FOLDER = "redis-scratch"
SOCKET_PATH_MAX = 107  # bytes, sun_path of unix(7)
DAY = 86_400.0
ROOMY = 1024  # databases: a dump refers to them by number, and a server refuses numbers beyond its setting
SERVER = "/usr/bin/redis-server"


def build_rdb_logically(
    source: RedisEndpoint, workdir: Path, into: Path, tell: Tell, step: str = "", server_program: str = SERVER
) -> RdbFacts:
    """Copy every key of `source` into a scratch server of the target's version and move the saved dump to `into`.

    A run after a crash starts over. Needs memory for a second copy of the data and disk space for the dump.
    """
    databases = server_facts(source).databases
    with scratch_server(server_program, workdir, databases=databases) as scratch:
        copy_logical(source, scratch, tell, step, scratch=True)
        return save_scratch(scratch, workdir, into)


@contextmanager
def scratch_server(
    program: str, workdir: Path, *, databases: int = 16, append_only: bool = False
) -> Iterator[RedisEndpoint]:
    """Run an empty server in `workdir`/redis-scratch for the block: unix socket only, no saves unless requested, killed
    if this process dies.

    A leftover of an earlier run is stopped and removed first.
    """
    with serve(program, fresh_folder(workdir), databases=max(16, databases), append_only=append_only) as endpoint:
        yield endpoint


def save_scratch(scratch: RedisEndpoint, workdir: Path, into: Path) -> RdbFacts:
    """Make a scratch server write its dump and move the dump to `into`; the file is synced and its end is checked."""
    with connect(scratch, timeout=DAY) as wire:
        wire.call("SAVE")
    part = into.with_name(f".{into.name}.part")
    shutil.move(workdir / FOLDER / NAME, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    found = rdb_facts(part)
    part.replace(into)
    return found


def fresh_folder(workdir: Path) -> Path:
    """Stop and remove the leftovers of an earlier run in `workdir`/redis-scratch, and create the folder again."""
    folder = workdir / FOLDER
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
        raise Problem(
            "cannot start a scratch Redis",
            f"the path of its socket is longer than {SOCKET_PATH_MAX} bytes: {socket}",
            "give a work folder with a shorter path",
        )
    if socket.exists():
        with suppress(Problem), connect(RedisEndpoint(socket=str(socket)), timeout=5) as wire:
            wire.probe("SHUTDOWN", "NOSAVE")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder


@contextmanager
def serve(program: str, folder: Path, *, databases: int, append_only: bool) -> Iterator[RedisEndpoint]:
    """Run a server on the files in the folder; the folder is removed at the end."""
    endpoint = RedisEndpoint(socket=str(folder / "redis.sock"))
    ended: list[Completed] = []
    argv = _argv(program, folder, databases=databases, append_only=append_only)
    # run() blocks until the server ends, so it needs a thread. PDEATHSIG is tied to that thread, which lives exactly as
    # long as the server or this process.
    thread = Thread(
        target=lambda: ended.append(run(argv, check=False, timeout=DAY, cwd=folder)), name="redis-scratch", daemon=True
    )
    thread.start()
    try:
        _wait(endpoint, thread, ended, folder)
        yield endpoint
    finally:
        _stop(endpoint, thread, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _argv(program: str, folder: Path, *, databases: int, append_only: bool) -> tuple[str, ...]:
    settings = {
        "port": "0",
        "unixsocket": str(folder / "redis.sock"),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "redis.pid"),
        "dbfilename": NAME,
        "save": "",
        "appendonly": "yes" if append_only else "no",
        "databases": str(databases),
        "maxmemory": "0",
        "daemonize": "no",
    }
    return (
        *killed_with_parent(),
        program,
        *(word for name, value in settings.items() for word in (f"--{name}", value)),
    )


def _wait(endpoint: RedisEndpoint, thread: Thread, ended: list[Completed], folder: Path) -> None:
    while thread.is_alive():
        if Path(endpoint.socket).exists():
            with suppress(Problem):
                wait_ready(endpoint, timeout=0)
                return
        time.sleep(0.02)
    done = ended[0] if ended else Completed((), 127, "", "it did not start")
    said = tuple((done.out + done.err).strip().splitlines()[-20:])
    raise Problem(
        "cannot start a scratch Redis",
        f"`{' '.join(done.argv[4:5])}` in {folder} ended with {done.code}: {said[-1] if said else 'no output'}",
        "read its log below; is the redis-server package installed?",
        log=said,
    )


def _stop(endpoint: RedisEndpoint, thread: Thread, folder: Path) -> None:
    if thread.is_alive():
        with suppress(Problem), connect(endpoint, timeout=30) as wire:
            wire.probe("SHUTDOWN", "NOSAVE")
    thread.join(30)
    if thread.is_alive():
        with suppress(OSError, ValueError):
            os.kill(int((folder / "redis.pid").read_text()), signal.SIGKILL)
        thread.join(30)
