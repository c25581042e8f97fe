"""Download wheels into a folder: several at a time, each written to a partial file, verified by hash, then renamed."""

from __future__ import annotations

import hashlib
import netrc
import os
import shutil
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.wheelhouse import WheelFile
from omnimind_ops.tools import index

if TYPE_CHECKING:
    import httpx

AT_ONCE = 4
SECONDS = 60.0
CHUNK = 1 << 20
FIX = "check the network and run the same command again; finished downloads are kept"
Count = Callable[[int], None]
"""Called with the number of bytes received."""


def is_downloaded(folder: Path, wheel: WheelFile) -> bool:
    """Return whether the folder has exactly this wheel."""
    path = folder / wheel.name
    return (
        path.is_file() and (wheel.size is None or path.stat().st_size == wheel.size) and _digest(path) == wheel.sha256
    )


def fetch(folder: Path, wheels: Sequence[WheelFile], count: Count) -> None:
    """Download all wheels; raise Problem for the first that fails."""
    import httpx

    environment = {**os.environ, **index.environment(os.environ)}
    trust = ssl.create_default_context(cafile=environment.get("SSL_CERT_FILE") or None)
    with (
        httpx.Client(verify=trust, follow_redirects=True, timeout=SECONDS) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        download = _Download(client, folder, index.logins(environment), count)
        jobs = [pool.submit(download.download, wheel) for wheel in wheels]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            download.stop.set()
            for job in jobs:
                job.cancel()
            raise


@dataclass
class _Download:
    """State shared by all downloads."""

    client: httpx.Client
    folder: Path
    logins: Mapping[str, tuple[str, str]]
    count: Count
    stop: threading.Event = field(default_factory=threading.Event)

    def download(self, wheel: WheelFile) -> None:
        import httpx

        partial = self.folder / f".{wheel.name}.partial"
        try:
            if wheel.url.startswith(("http://", "https://")):
                self._pull(wheel.url, partial)
            else:
                shutil.copyfile(unquote(wheel.url.removeprefix("file://")), partial)
                self.count(partial.stat().st_size)
            if self.stop.is_set():
                return
            if _digest(partial) != wheel.sha256:
                fix = "check the index: it serves another file under this name"
                raise Problem(f"cannot use {wheel.name}", f"its hash differs from the lock's: {wheel.sha256}", fix)
            partial.replace(self.folder / wheel.name)
        except (httpx.HTTPError, OSError) as error:
            raise Problem(f"cannot download {wheel.name}", f"{type(error).__name__}: {error}", FIX) from error
        finally:
            partial.unlink(missing_ok=True)

    def _pull(self, url: str, to: Path) -> None:
        import httpx

        auth = self._login(httpx.URL(url).host)
        with self.client.stream("GET", url, auth=auth or httpx.USE_CLIENT_DEFAULT) as response, to.open("wb") as file:
            response.raise_for_status()
            for chunk in response.iter_bytes(CHUNK):
                if self.stop.is_set():
                    return
                file.write(chunk)
                self.count(len(chunk))

    def _login(self, host: str) -> tuple[str, str] | None:
        """Return the login for a host from the index's URL or ~/.netrc, as pip and uv would."""
        try:
            credentials = netrc.netrc().authenticators(host)
        except (OSError, netrc.NetrcParseError):
            credentials = None
        return self.logins.get(host) or ((credentials[0], credentials[2] or "") if credentials else None)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
