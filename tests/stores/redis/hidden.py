"""The native Redis of a host, as a process with a configuration like that of the role: hidden, then opened."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from omnimind_ops.steps.hidden_redis import remove_data
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready
from tests.qdrant import free_port
from tests.stores.redis.servers import REDIS, need_servers

PASSWORD = "native"
CONFIG = """bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save 3600 1 300 100 60 10000
appendonly {append_only}
"""


@dataclass
class HiddenProcess:
    """In place of steps.hidden_redis.HiddenUnit. `folder` is the native data folder; its path is short."""

    folder: Path
    append_only: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    is_settled: bool = False

    @property
    def endpoint(self) -> RedisEndpoint:
        """Return its socket."""
        return RedisEndpoint(socket=str(self.folder.parent / "hidden.sock"), password=PASSWORD)

    @property
    def opened(self) -> RedisEndpoint:
        """Return its port."""
        return RedisEndpoint(port=self.port, password=PASSWORD)

    def is_enabled(self) -> bool:
        """It never is."""
        return False

    def start(self, folder: Path) -> None:
        """Start it empty."""
        assert folder == self.folder
        self.stop()
        remove_data(folder)
        self.run("--port", "0", "--unixsocket", self.endpoint.socket)
        self.is_settled = False

    def run(self, *words: str) -> None:
        """Start it on what is in its folder: without words as after a crash."""
        need_servers()
        self.folder.mkdir(exist_ok=True)
        config = self.folder.parent / "native.conf"
        append_only = "yes" if self.append_only else "no"
        values = {"port": self.port, "password": PASSWORD, "folder": self.folder, "append_only": append_only}
        config.write_text(CONFIG.format(**values))
        with (self.folder.parent / "native.log").open("ab") as log:
            self.process = subprocess.Popen([REDIS, str(config), *words], stdout=log, stderr=log)
        wait_until_ready(self.endpoint if words else self.opened, timeout=20)

    def settle(self) -> None:
        """From now on it would start as configured."""
        self.is_settled = True

    def stop(self) -> None:
        """Stop it; it saves."""
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.process = None

    def discard(self, *, disable: bool = False) -> None:
        """Stop it without saving."""
        self.kill()

    def kill(self) -> None:
        """Let it die."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None


@contextmanager
def hidden(folder: Path, *, append_only: bool = False) -> Iterator[HiddenProcess]:
    """Return a native server in a folder of `folder` for the block."""
    native = HiddenProcess(folder / "native", append_only)
    native.folder.mkdir()
    try:
        yield native
    finally:
        native.kill()
