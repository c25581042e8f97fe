"""The place of a store's data: where a copy is staged, how it is put in place, and how the previous content comes back.

A plain folder is renamed as a whole: the copy is staged beside it, and what was there is parked beside it. A folder
that is a mount point, or a link to a folder, cannot be renamed. Its content is swapped instead: everything is staged
and parked in `.omnimind` inside it, on its own file system, and moved entry by entry.

What lies on the disk tells how far a swap is, so that each function may be called again after a kill at any point:
`incoming` is staged; inside a mount point `arriving` is the same folder once everything else is parked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omnimind_ops.model.place import Place
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.stores.files.mounts import is_mounted, mounted_below, not_data

_UNDO = "take the run back (omnimind rollback), then migrate again"


def has_copy(place: Place) -> bool:
    """Return whether a copy is staged, or not completely in place."""
    return place.incoming.exists() or is_arriving(place)


def is_arriving(place: Place) -> bool:
    """Return whether the swap has parked the previous content but has not moved all of the copy."""
    return place.inside and place.arriving.exists()


def is_swapped_inside(folder: Path) -> bool:
    """Return whether a data folder cannot be renamed: it is a mount point or a link to a folder."""
    return folder.is_dir() and (folder.is_symlink() or is_mounted(folder))


def check(place: Place) -> None:
    """Raise Problem if the place is not what it was when the migration was planned, or cannot be swapped."""
    target = place.target
    if is_swapped_inside(target) != place.inside:
        why = f"{target} {'is no longer' if place.inside else 'is now'} a mount point or a link"
        raise Problem(f"cannot use {target}", f"{why}, unlike when the migration was planned", _UNDO)
    if below := mounted_below(target):
        raise Problem(
            f"cannot use {target}",
            f"a file system is mounted inside it, at {below[0]}, and would have to be moved with it",
            f"unmount it (umount {below[0]}), or mount it at {target}",
        )


def check_return(place: Place) -> None:
    """Raise Problem if the previous content cannot come back because its file system is not mounted."""
    if place.inside and not is_swapped_inside(place.target):
        raise Problem(
            f"cannot restore {place.target}",
            "its file system is not mounted, and what was there before is on it",
            f"mount it (mount {place.target}), then run the same command again",
            code=ExitCode.NO_WAY_BACK,
        )


def make_room(place: Place) -> None:
    """Create the folder in which the copy is staged."""
    with _told(place):
        place.incoming.parent.mkdir(parents=True, exist_ok=True)
        if place.inside:
            place.incoming.parent.chmod(0o711)  # a scratch server reads a staged backup as another user


def swap_in(place: Place, run: str, owner: tuple[int, int]) -> None:
    """Put the staged copy in place of what is there, which is parked. `owner` gets the folder; its mode stays."""
    if not has_copy(place):
        raise Problem(f"cannot fill {place.target}", f"its copy {place.incoming} was removed", _UNDO)
    with _told(place):
        (_swap_entries if place.inside else _swap_folders)(place, place.before(run), owner)


def take_out(place: Place, run: str) -> bool:
    """Park what is in place; return False when the copy was not yet in place."""
    with _told(place):
        if is_arriving(place):
            _move_entries(place.target, place.arriving)
            place.arriving.rename(place.incoming)
            _sync(place.target, place.incoming, place.incoming.parent)
        if place.incoming.exists() or not place.target.exists():
            return False
        _make_private(place.after(run))
        if place.inside:
            _move_entries(place.target, place.after(run))
        else:
            place.target.rename(place.after(run))
        _sync(place.after(run).parent, place.after(run), place.target if place.inside else place.target.parent)
    return True


def give_back(place: Place, run: str) -> None:
    """Put what `swap_in` parked in its place again."""
    previous = place.before(run)
    with _told(place):
        if not previous.exists():
            return
        if place.inside:
            _move_entries(previous, place.target)
            _copy_attributes(previous, place.target)
            _sync(previous, place.target)
            previous.rmdir()
        elif not place.target.exists():
            previous.rename(place.target)
            _sync(previous.parent, place.target.parent)


def _swap_folders(place: Place, previous: Path, owner: tuple[int, int]) -> None:
    _make_private(previous.parent)
    if place.target.exists():
        place.incoming.chmod(place.target.stat().st_mode & 0o7777)  # the goal's mode, not the source's
        place.target.rename(previous)
    os.chown(place.incoming, *owner)
    place.incoming.rename(place.target)
    _sync(previous.parent, place.target.parent)


def _swap_entries(place: Place, previous: Path, owner: tuple[int, int]) -> None:
    target, arriving = place.target, place.arriving
    if place.incoming.exists():
        _make_like(target, previous)
        _move_entries(target, previous)
        _sync(target, previous)
        place.incoming.rename(arriving)
        _sync(arriving.parent)
    if arriving.exists():
        _move_entries(arriving, target)
        os.chown(target, *owner)
        _sync(target, arriving)
        arriving.rmdir()
        _sync(arriving.parent)


def _make_private(folder: Path) -> None:
    """Create a folder for parked content; the one above it, of the run or of all runs, is private too."""
    folder.parent.parent.mkdir(exist_ok=True, mode=0o700)
    for path in (folder.parent, folder):
        path.mkdir(exist_ok=True, mode=0o700)


def _make_like(folder: Path, previous: Path) -> None:
    """Create the folder for the previous content, with the owner and mode that `folder` gets back with it."""
    if not previous.exists():
        beginning = previous.with_name(f"{previous.name}.begun")
        _make_private(beginning)
        _copy_attributes(folder, beginning)
        beginning.rename(previous)


def _move_entries(source: Path, target: Path) -> None:
    """Rename everything in one folder into the other, without overwriting anything."""
    keep = not_data(source)
    for path in sorted(source.iterdir()):
        if path.name not in keep:
            path.rename(_unused_path(target, path.name))


def _unused_path(folder: Path, name: str) -> Path:
    names = (name, *(f"{name}.{number}" for number in range(1, 10_000)))
    return next(folder / unused for unused in names if not os.path.lexists(folder / unused))


def _copy_attributes(source: Path, target: Path) -> None:
    """Give a folder the owner and mode of another."""
    facts = source.stat()
    os.chown(target, facts.st_uid, facts.st_gid)
    target.chmod(stat.S_IMODE(facts.st_mode))


def _sync(*folders: Path) -> None:
    """Write the names in these folders to the disk: after a power cut, the journal knows no more than they do."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """Say an error of the file system as a Problem."""
    try:
        yield
    except OSError as error:
        paths = " to ".join(str(name) for name in (error.filename, error.filename2) if name)
        raise Problem(
            f"cannot change {place.target}",
            f"{paths or place.target}: {error.strerror or error}",
            f"check its file system (findmnt -T {place.target}): if it was mounted, unmounted, filled or set read-only "
            "since the migration began, put that right; then run the same command again",
        ) from error
