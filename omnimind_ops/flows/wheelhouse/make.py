"""Make a wheelhouse: choose the wheels, fetch them, add OmniMind's own, and test everything without a network."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops import origin
from omnimind_ops.flows.wheelhouse.choose import choose
from omnimind_ops.flows.wheelhouse.download import fetch, is_downloaded
from omnimind_ops.model.event import RunEnded, RunStarted, StepChanged, StepState, Tell, line, progress
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.model.wheelhouse import MANIFEST, Target, WheelFile
from omnimind_ops.paths import data
from omnimind_ops.planning.check import size
from omnimind_ops.tools import uv
from omnimind_ops.tools.output import last_lines, main_line
from omnimind_ops.tools.shell import run

STEPS = {
    "choose": "choose the wheels",
    "fetch": "download the wheels",
    "own": "build omnimind's own wheel",
    "try": "test the installation without a network",
}
SECONDS = 600


@dataclass(frozen=True)
class Order:
    """What to make: a folder for hosts of this kind, with everything in the requirement files `locks`."""

    folder: Path
    target: Target
    lock: str
    locks: tuple[Path, ...]


def order(folder: Path, target: Target, lock: str) -> Order:
    """Return the order for everything a host needs: services with this lock, the model, the command."""
    return Order(folder, target, lock, tuple(data("locks") / f"{name}.txt" for name in (lock, "model", "cli")))


@dataclass(frozen=True)
class Selection:
    """The wheels of an order: all of them, and those that its folder does not have yet."""

    wheels: tuple[WheelFile, ...]
    missing: tuple[WheelFile, ...]

    @property
    def download_size(self) -> int:
        """Return the bytes to download, as far as the sizes are known."""
        return sum(wheel.size or 0 for wheel in self.missing)

    def __str__(self) -> str:
        """Return a summary for people: the download size, and how many sizes are unknown."""
        unknown = sum(wheel.size is None for wheel in self.missing)
        more = f", plus {unknown} whose size the index does not report" if unknown else ""
        already = (
            f" ({len(self.wheels) - len(self.missing)} are present)" if len(self.missing) < len(self.wheels) else ""
        )
        return f"{len(self.wheels)} wheels, {size(self.download_size)} to download{more}{already}"


def prepare(order: Order, tell: Tell) -> Selection:
    """Inspect the folder and query the index; write nothing."""
    _check_folder(order.folder)
    with _step(tell, "choose"):
        wheels = choose(order.locks, order.target)
        selection = Selection(wheels, tuple(wheel for wheel in wheels if not is_downloaded(order.folder, wheel)))
    tell(line("", f"{order.target}, lock {order.lock}: {selection}"))
    return selection


def make(order: Order, selection: Selection, tell: Tell) -> dict[str, JSON]:
    """Make the wheelhouse and return the manifest, which is written last."""
    _check_space(order.folder, selection)
    _create(order.folder)
    manifest = order.folder / MANIFEST
    manifest.unlink(missing_ok=True)
    with _step(tell, "fetch"):
        fetch(order.folder, selection.missing, _Counter(tell, selection.download_size).add)
    with _step(tell, "own"):
        own_wheel = origin.wheel(order.folder)
        _remove_other_wheels(order.folder, {own_wheel.name, *(wheel.name for wheel in selection.wheels)})
    with _step(tell, "try"):
        _test_install(order, own_wheel)
    manifest_data = _manifest(order, own_wheel, selection.wheels)
    manifest.write_text(json.dumps(manifest_data, indent=1) + "\n", encoding="utf-8")
    return manifest_data


def _check_folder(folder: Path) -> None:
    """Raise Problem if the folder holds something else, or wheels cannot be written there."""
    if folder.exists() and not folder.is_dir():
        raise _refused(f"{folder} is not a folder", "use another path")
    files = folder.iterdir() if folder.is_dir() else ()
    foreign = sorted(path.name for path in files if not _is_ours(path))
    if foreign:
        why = f"{folder} contains other files: {', '.join(foreign[:3])}"
        raise _refused(why, "use an empty folder, or an existing wheelhouse to update")
    above = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not above.is_dir():
        raise _refused(f"{above} is a file, not a folder", "use another path")
    if not os.statvfs(above).f_blocks:  # /proc, /sys
        raise _refused(f"{above} is not on a disk: no files can be stored there", "use a folder on a disk")
    if not os.access(above, os.W_OK):
        why = "it is mounted read-only" if os.statvfs(above).f_flag & os.ST_RDONLY else "you may not write there"
        raise _refused(f"{above}: {why}", "use another folder")


def _is_ours(path: Path) -> bool:
    return path.name == MANIFEST or path.suffix == ".whl" or path.name.endswith(".partial")


def _refused(why: str, fix: str) -> Problem:
    return Problem("cannot create the wheelhouse", why, fix)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(f"cannot make {folder}: {error.strerror}", "use another folder") from error


def _check_space(folder: Path, selection: Selection) -> None:
    above = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    disk = shutil.disk_usage(above)
    if disk.total and disk.free < selection.download_size * 1.05:  # /proc and similar file systems have no size
        raise Problem(
            "cannot create the wheelhouse",
            f"{size(selection.download_size)} must be downloaded, and {above} has {size(disk.free)} free",
            "free some space there, or use another folder",
        )


def _remove_other_wheels(folder: Path, expected: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in expected and (path.suffix == ".whl" or path.name.endswith(".partial")):
            path.unlink()


def _test_install(order: Order, own_wheel: Path) -> None:
    """Resolve everything from the folder alone, as install.sh and the services' environment do."""
    files = [word for lock in order.locks for word in ("-r", str(lock))]
    for requirements in (("--no-deps", "--require-hashes", *files), ("--no-deps", str(own_wheel))):
        with tempfile.TemporaryDirectory(prefix="omnimind-wheels-") as scratch:
            done = run(
                uv.dry_run_command(order.folder, order.target, sys.executable, Path(scratch), requirements),
                timeout=SECONDS,
                check=False,
                env={"UV_NO_WRAP": "1"},
            )
        if not done.ok:
            output = last_lines(done.err.splitlines())
            raise Problem(
                f"cannot install from {order.folder}",
                main_line(output) or f"uv exited with {done.code}",
                "create it again in an empty folder",
                log=output,
            )


def _manifest(order: Order, own_wheel: Path, wheels: Sequence[WheelFile]) -> dict[str, JSON]:
    names = {own_wheel.name: "", **{wheel.name: wheel.sha256 for wheel in wheels}}
    files: list[JSON] = [
        {"name": name, "size": (order.folder / name).stat().st_size, "sha256": names[name] or _sha256(own_wheel)}
        for name in sorted(names)
    ]
    glibc = f"{order.target.glibc[0]}.{order.target.glibc[1]}"
    total = sum((order.folder / name).stat().st_size for name in names)
    about = {
        "omnimind": origin.version(),
        "python": order.target.minor,
        "glibc": glibc,
        "machine": order.target.machine,
        "lock": order.lock,
    }
    return {**about, "size": total, "files": files}


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Counter:
    """Total progress of all downloads."""

    def __init__(self, tell: Tell, total: int) -> None:
        self.tell, self.total, self.done, self.lock = tell, total, 0, threading.Lock()

    def add(self, count: int) -> None:
        with self.lock:
            self.done += count
            self.tell(progress("fetch", STEPS["fetch"], self.done, max(self.total, self.done)))


@contextmanager
def _step(tell: Tell, step: str) -> Iterator[None]:
    began = time.monotonic()
    tell(StepChanged(step, STEPS[step], Status.DOING))
    try:
        yield
    except BaseException:
        tell(StepChanged(step, STEPS[step], Status.FAILED, seconds=time.monotonic() - began))
        raise
    tell(StepChanged(step, STEPS[step], Status.DONE, seconds=time.monotonic() - began))


@contextmanager
def running(order: Order, tell: Tell) -> Iterator[None]:
    """Report the start of the work on an order, and how it ends."""
    text = f"omnimind wheelhouse {order.folder}"
    steps = tuple(StepState(step, title, "wheelhouse") for step, title in STEPS.items())
    tell(RunStarted(text, "wheelhouse", RunState.RUNNING, steps))
    try:
        yield
    except BaseException:
        tell(RunEnded(text, "wheelhouse", RunState.FAILED))
        raise
    tell(RunEnded(text, "wheelhouse", RunState.FINISHED))
