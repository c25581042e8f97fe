"""How a native server that followed the old one takes over: nothing is saved, placed or loaded in between.

Until then it listens on a unix socket alone. `CONFIG SET port` (Redis 7.0) opens its port.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, as_dict
from omnimind_ops.stores.redis.rdb import DUMP_NAME, rdb_facts

SNAPSHOT = "omnimind-cutover.rdb"
"""Name of the dump of what the native server had when it took over."""
SAVE_SECONDS = 3600.0
PORT_SECONDS = 30.0
PAUSE = 0.005


def persistence(connection: Connection) -> dict[str, str]:
    """Return what a server says about its files."""
    lines = as_bytes(connection.call("INFO", "persistence")).decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def is_saving(connection: Connection) -> bool:
    """Return whether a child of the server writes a file."""
    state = persistence(connection)
    names = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")
    return any(state.get(name, "0") != "0" for name in names)


def wait_until_saved(connection: Connection, seconds: float = SAVE_SECONDS) -> bool:
    """Wait until no child writes a file; return whether the last ones succeeded."""
    end = time.monotonic() + seconds
    while is_saving(connection):
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    state = persistence(connection)
    return all(state.get(name, "ok") == "ok" for name in ("rdb_last_bgsave_status", "aof_last_bgrewrite_status"))


def start_to_save(connection: Connection) -> bool:
    """Let a child of the server write its dump (BGSAVE), after one that is at work; return whether it began."""
    wait_until_saved(connection)
    for _ in range(3):  # a save point may have been faster
        if connection.try_call("BGSAVE", refused=True) is not None:
            return True
        wait_until_saved(connection)
    return False


def save_beside(connection: Connection) -> bool:
    """Make a server write its dump while it goes on to answer; return whether it did."""
    return start_to_save(connection) and wait_until_saved(connection)


def begin_snapshot(connection: Connection, folder: Path) -> None:
    """Let the server dump what it has now, under a name that its own later saves do not replace.

    The dump is linked while its child writes it. `folder` is the server's own.
    """
    snapshot = folder / SNAPSHOT
    snapshot.unlink(missing_ok=True)
    wait_until_saved(connection)
    for left in folder.glob("temp-*.rdb"):  # of a child that was killed
        left.unlink(missing_ok=True)
    if not start_to_save(connection):
        raise Problem(
            "cannot save the native Redis",
            "it does not write its dump (BGSAVE)",
            "read its log (journalctl -u redis-server), then run the same command again",
        )
    while is_saving(connection):
        if _link(next(folder.glob("temp-*.rdb"), None), snapshot):
            return
        time.sleep(PAUSE / 5)
    _link(folder / DUMP_NAME, snapshot)


def finish_snapshot(connection: Connection, folder: Path) -> Path | None:
    """Wait for the snapshot, and return it; None when it is not whole."""
    wait_until_saved(connection)
    return whole_snapshot(folder)


def whole_snapshot(folder: Path) -> Path | None:
    """Return the snapshot if it is whole."""
    try:
        rdb_facts(folder / SNAPSHOT)
    except Problem:
        return None
    return folder / SNAPSHOT


def stage_snapshot(folder: Path, staged: Path) -> bool:
    """Move a whole snapshot to where omnimind keeps the dump of the cutover; return whether there was one."""
    if not (snapshot := whole_snapshot(folder)):
        return False
    partial = staged.with_name(f".{staged.name}.part")
    shutil.copyfile(snapshot, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(staged)
    snapshot.unlink()
    return True


def restore_save_points(connection: Connection, points: str | None) -> None:
    """Let the old server save by itself again, and when it stops."""
    if points:
        connection.allows("CONFIG", "SET", "save", points)


def listen(connection: Connection, port: int, seconds: float = PORT_SECONDS) -> None:
    """Make the server listen on its port, as soon as that is free."""
    end = time.monotonic() + seconds
    while connection.try_call("CONFIG", "SET", "port", port, refused=True) is None:
        if time.monotonic() > end:
            raise Problem(
                f"cannot open port {port} of the native Redis",
                f"{seconds:g} s after the old one has stopped, it cannot listen there",
                f"see who listens (ss -ltnp 'sport = :{port}'), stop it, then run the same command again",
            )
        time.sleep(PAUSE)


def setting(connection: Connection, name: str) -> str | None:
    """Return a setting of a server, None when it does not say it."""
    reply = connection.try_call("CONFIG", "GET", name, forbidden=True)
    value = as_dict(reply or []).get(name)
    return None if value is None else as_bytes(value).decode(errors="replace")


def _link(source: Path | None, target: Path) -> bool:
    try:
        if source is None:
            return False
        os.link(source, target)
    except FileNotFoundError:
        return False
    return True
