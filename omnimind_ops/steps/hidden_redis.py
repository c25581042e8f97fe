"""The native Redis before the cutover: its own unit, configuration and data folder, listening on a unix socket alone.

It is filled there while the old one serves, and only gets its port at the cutover (stores/redis/handover.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from omnimind_ops.credentials import Credentials
from omnimind_ops.model import native
from omnimind_ops.model.problem import Problem
from omnimind_ops.paths import Paths
from omnimind_ops.steps.units import enabled_units, stop_and_disable
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready
from omnimind_ops.tools.shell import run
from omnimind_ops.tools.template import render

CONFIG = "/etc/redis/omnimind.conf"
SOCKET = "/run/redis/omnimind.sock"
DROP_IN = f"run/systemd/system/{native.REDIS}.d/zz-omnimind-hidden.conf"  # after omnimind.conf; /run ends with the boot
DATA = ("*.rdb", "appendonly*", "*.aof")
START_SECONDS = 600
"""As long as it may take to start or stop."""


class Hidden(Protocol):
    """A native server that can be filled before it is seen. Everything raises Problem."""

    @property
    def endpoint(self) -> RedisEndpoint: ...
    def is_enabled(self) -> bool: ...  # it starts at boot
    def start(self, folder: Path) -> None: ...  # empty, in its data folder
    def settle(self) -> None: ...  # from now on it starts as configured
    def stop(self) -> None: ...
    def discard(self, *, disable: bool = False) -> None: ...  # stop without saving


@dataclass(frozen=True)
class HiddenUnit:
    """redis-server.service with a drop-in that hides it."""

    paths: Paths
    credentials: Callable[[], Credentials]

    @property
    def endpoint(self) -> RedisEndpoint:
        """Return its socket."""
        return RedisEndpoint(socket=SOCKET, password=self.credentials().redis)

    def is_enabled(self) -> bool:
        """Return whether the unit starts at boot."""
        return bool(enabled_units((native.REDIS,)))

    def start(self, folder: Path) -> None:
        """Start the unit hidden. What an attempt before has left in its folder is deleted.

        A unit that the installation has masked would start at boot once it is unmasked, so it is disabled.
        """
        self.discard()
        remove_data(folder)
        mask = self.paths.root / "etc/systemd/system" / native.REDIS
        if mask.is_symlink() and str(mask.readlink()) == "/dev/null":
            run(("systemctl", "unmask", native.REDIS))
            run(("systemctl", "disable", native.REDIS))
        self._drop_in.parent.mkdir(parents=True, exist_ok=True)
        self._drop_in.write_text(render("systemd/redis-hidden.conf.j2", {"config": CONFIG, "socket": SOCKET}))
        run(("systemctl", "daemon-reload"))
        run(("systemctl", "reset-failed", native.REDIS), check=False)
        run(("systemctl", "start", native.REDIS), timeout=START_SECONDS)
        wait_until_ready(self.endpoint)

    def settle(self) -> None:
        """Remove the drop-in; the running server stays as it is."""
        if self._drop_in.exists():
            self._drop_in.unlink()
            run(("systemctl", "daemon-reload"))

    def stop(self) -> None:
        """Stop the unit; its server saves as it is configured."""
        run(("systemctl", "stop", native.REDIS), timeout=START_SECONDS, check=False)
        self.settle()

    def discard(self, *, disable: bool = False) -> None:
        """Stop the unit without saving."""
        with suppress(Problem), connect(self.endpoint, timeout=5) as connection:
            connection.try_call("CONFIG", "SET", "save", "", refused=True)
        self.stop()
        if disable:
            stop_and_disable((native.REDIS,))

    @property
    def _drop_in(self) -> Path:
        return self.paths.root / DROP_IN


def remove_data(folder: Path) -> None:
    """Delete Redis' own files in a data folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if any(fnmatchcase(path.name, name) for name in DATA):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
