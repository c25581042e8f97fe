"""A temporary Qdrant: the program that will serve a backup, on a loopback port with an API key."""

from __future__ import annotations

import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, collection_info, connect
from omnimind_ops.tools.parent import killed_with_parent
from omnimind_ops.tools.shell import spawn

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

LOAD_SECONDS = 1800.0
STOP_SECONDS = 120.0
MAX_OPEN_FILES = 65536
"""Limit of open files for the server: each segment needs some."""
_LINES = 40
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = re.compile(r"panic|error|cannot start", re.IGNORECASE)
_NOISE = re.compile(r"^\s+(\d+:|at )|backtrace", re.IGNORECASE)


@dataclass(frozen=True)
class Program:
    """How to start a Qdrant: its arguments, its user ("" for the current one), and additional environment variables."""

    argv: tuple[str, ...]
    user: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


class CannotLoadError(Exception):
    """The program cannot load its storage; the text is the line of its log with the reason, `log` holds its last
    lines.
    """

    def __init__(self, why: str, log: tuple[str, ...]) -> None:
        super().__init__(why)
        self.log = log


@contextmanager
def scratch_server(
    program: Program, storage: Path, workdir: Path, seconds: float = LOAD_SECONDS
) -> Iterator[QdrantEndpoint]:
    """Serve `storage` for the block, once every collection is loaded; CannotLoadError when loading fails.

    `workdir` is a folder for everything else that the server writes; it is created empty and removed. The server stops
    when this process dies.
    """
    discard(workdir)
    for folder in (workdir, workdir / "snapshots", workdir / "tmp"):
        folder.mkdir(parents=True)
        set_owner(folder, program.user)
    endpoint = QdrantEndpoint(f"http://127.0.0.1:{_free_port()}", secrets.token_urlsafe(32))
    try:
        process = _start(program, storage, workdir, endpoint)
        try:
            _wait_until_loaded(process, endpoint, workdir, seconds)
            yield endpoint
        except Problem as problem:
            if process.poll() is None:
                raise
            raise cannot_load(workdir, f"it {_describe_exit(process)} while omnimind read it") from problem
        finally:
            _stop(process)
    finally:
        discard(workdir)


def set_owner(path: Path, user: str) -> None:
    """Give a file or folder to a user, with access for nobody else; "" keeps the owner."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if user:
        shutil.chown(path, user, user)


def last_lines(workdir: Path) -> tuple[str, ...]:
    """Return the last lines of the server's log, without backtrace frames."""
    log = _COLOUR.sub("", (workdir / "log").read_text(encoding="utf-8", errors="replace"))
    return tuple(line for line in log.splitlines() if line.strip() and not _NOISE.search(line))[-_LINES:]


def cannot_load(workdir: Path, why: str) -> CannotLoadError:
    """Return the error with the reason from the server's log, or `why` if the log is empty."""
    log = last_lines(workdir)
    return CannotLoadError(next((line for line in reversed(log) if _CAUSE.search(line)), log[-1] if log else why), log)


def _start(program: Program, storage: Path, workdir: Path, endpoint: QdrantEndpoint) -> subprocess.Popen[bytes]:
    config = {
        "log_level": "INFO",
        "telemetry_disabled": True,
        "storage": {
            "storage_path": str(storage),
            "snapshots_path": str(workdir / "snapshots"),
            "temp_path": str(workdir / "tmp"),
        },
        "service": {
            "host": "127.0.0.1",
            "http_port": int(endpoint.url.rpartition(":")[2]),
            "grpc_port": None,
            "enable_static_content": False,
        },
        "cluster": {"enabled": False},
    }
    (workdir / "config.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    (workdir / "log").touch(mode=0o600)
    set_owner(workdir / "config.yaml", program.user)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(workdir),
        "RUN_MODE": "production",
        "QDRANT_INIT_FILE_PATH": str(workdir / "init"),
        "QDRANT__SERVICE__API_KEY": endpoint.api_key or "",
        "QDRANT__TELEMETRY_DISABLED": "true",
        **program.env,
    }
    return spawn(
        (*_command_prefix(program.user), *program.argv, "--config-path", str(workdir / "config.yaml")),
        log=workdir / "log",
        env=env,
        cwd=workdir,
    )


def _command_prefix(user: str) -> Sequence[str]:
    """Return the command prefix that sets the limit of open files and the user, and ties the server to this process.

    When memory runs out, the kernel kills the server first.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    return ("choom", "-n", "1000", "--", "prlimit", f"--nofile={files}:", "--", *killed_with_parent(user))


def _wait_until_loaded(
    process: subprocess.Popen[bytes], endpoint: QdrantEndpoint, workdir: Path, seconds: float
) -> None:
    end = time.monotonic() + seconds
    with connect(endpoint) as client:
        while process.poll() is None:
            with suppress(Problem):
                _check_loaded(client, workdir)
                return
            if time.monotonic() > end:
                raise cannot_load(workdir, f"it did not answer within {seconds:g} s")
            time.sleep(0.05)
    raise cannot_load(workdir, f"it {_describe_exit(process)} without a message")


def _describe_exit(process: subprocess.Popen[bytes]) -> str:
    if process.returncode == -signal.SIGKILL:
        return "was killed, perhaps because memory ran out (see `dmesg`)"
    return f"exited with {process.returncode}"


def _check_loaded(client: QdrantClient, workdir: Path) -> None:
    """Return when every collection can be read. CannotLoadError when a collection cannot be read; Problem when the
    server does not answer yet.
    """
    for name in [collection.name for collection in client.get_collections().collections]:
        try:
            facts = collection_info(client, name)
        except Problem as problem:
            raise cannot_load(workdir, f"collection {name}: {problem.why}") from problem
        if facts.get("status") == "red":
            raise cannot_load(workdir, f"collection {name} is red: {facts.get('optimizer_status')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server, then kill its whole process group: a single-file program runs as two processes."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
