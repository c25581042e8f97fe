"""Fetch wheels into a folder: several at a time, each written beside, compared with its hash, then named."""

from __future__ import annotations

import hashlib
import shutil
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.wheelhouse import WheelFile

if TYPE_CHECKING:
    import httpx

AT_ONCE = 4
SECONDS = 60.0
PIECE = 1 << 20
FIX = "look at the network and run the same command again: what is there already is kept"
Count = Callable[[int], None]
"""Called with the number of bytes that came."""


def there(folder: Path, wheel: WheelFile) -> bool:
    """Tell whether the folder has this very wheel."""
    path = folder / wheel.name
    return path.is_file() and (wheel.size is None or path.stat().st_size == wheel.size) and _digest(path) == wheel.sha256


def fetch(folder: Path, wheels: Sequence[WheelFile], count: Count) -> None:
    """Bring all of them; a Problem names the first that cannot be had."""
    import httpx

    stop = threading.Event()
    with httpx.Client(verify=ssl.create_default_context(), follow_redirects=True, timeout=SECONDS) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(_one, client, folder, wheel, count, stop) for wheel in wheels]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            stop.set()
            for job in jobs:
                job.cancel()
            raise


def _one(client: httpx.Client, folder: Path, wheel: WheelFile, count: Count, stop: threading.Event) -> None:
    import httpx

    partial = folder / f".{wheel.name}.partial"
    try:
        if wheel.url.startswith(("http://", "https://")):
            with client.stream("GET", wheel.url) as answer, partial.open("wb") as file:
                answer.raise_for_status()
                for piece in answer.iter_bytes(PIECE):
                    if stop.is_set():
                        return
                    file.write(piece)
                    count(len(piece))
        else:
            shutil.copyfile(wheel.url.removeprefix("file://"), partial)
            count(partial.stat().st_size)
        if _digest(partial) != wheel.sha256:
            raise Problem(f"cannot take {wheel.name}", f"its hash is not the one of the lock: {wheel.sha256}", "look at the index: it serves another file under this name")
        partial.replace(folder / wheel.name)
    except (httpx.HTTPError, OSError) as error:
        raise Problem(f"cannot get {wheel.name}", f"{type(error).__name__}: {error}", FIX) from error
    finally:
        partial.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
