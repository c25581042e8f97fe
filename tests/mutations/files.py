"""A folder and its copy."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.run import MemoryNotes
from omnimind_ops.stores.files.copy import copy_tree
from tests.mutations.mutation import verify
from tests.stores.files.trees import ROOT

MIB = 1 << 20


class FilesCopy:
    """`folder` is on a file system with extended attributes."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "source", folder / "target"
        self.mutations = {**_contents(self.target), **_names(self.target), **_attributes(self.target)}

    def prepare(self, chance: random.Random) -> None:
        """Make the folder, and copy it as the migration does."""
        for old in self.source.parent.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        _fill(self.source, chance)
        copy_tree(self.source, self.target)

    def verify(self) -> None:
        """Compare as a migration does."""
        trees = (("uploads", str(self.source), str(self.target)),)
        verify(VerifyPayload(trees=trees), Goal(), MemoryNotes())


def _fill(top: Path, chance: random.Random) -> None:
    (top / "deep" / "er").mkdir(parents=True)
    (top / "empty").mkdir()
    for number in range(8):
        (top / "deep" / f"file {number}").write_bytes(chance.randbytes(chance.choice((1, 5000, 300_000))))
        (top / "deep" / "er" / f"file {number}").write_text(f"text {number}")
    (top / "nothing").touch()
    with (top / "sparse").open("wb") as file:
        file.write(b"head")
        file.truncate(8 * MIB)
    os.symlink("deep/file 1", top / "link")
    os.symlink("deep", top / "link to a directory")
    os.link(top / "deep" / "file 2", top / "second name")
    (top / "deep" / "file 3").chmod(0o640)
    os.setxattr(top / "deep" / "file 4", "user.origin", b"camera")


def _contents(top: Path) -> dict[str, Callable[[random.Random], object]]:
    def flip(chance: random.Random) -> None:
        path = top / "deep" / f"file {chance.randrange(8)}"
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)

    def swap(_: random.Random) -> None:
        for old, new in (("file 0", "swap"), ("file 1", "file 0"), ("swap", "file 1")):
            (top / "deep" / "er" / old).rename(top / "deep" / "er" / new)

    def in_a_hole(chance: random.Random) -> None:
        with (top / "sparse").open("r+b") as file:
            file.seek(chance.randrange(100, 8 * MIB))
            file.write(b"x")

    return {
        "a bit of a file": flip,
        "a byte in a hole": in_a_hole,
        "a file cut": lambda _: os.truncate(top / "deep" / "er" / "file 5", 3),
        "a file emptied": lambda _: os.truncate(top / "deep" / "file 6", 0),
        "a file longer": lambda _: os.truncate(top / "nothing", 1),
        "two files swapped": swap,
    }


def _names(top: Path) -> dict[str, Callable[[random.Random], object]]:
    def link(name: str, target: str) -> None:
        (top / name).unlink()
        os.symlink(target, top / name)

    return {
        "everything lost": lambda _: [
            shutil.rmtree(p) if p.is_dir() and not p.is_symlink() else p.unlink() for p in top.iterdir()
        ],
        "a file lost": lambda chance: (top / "deep" / f"file {chance.randrange(8)}").unlink(),
        "an empty file lost": lambda _: (top / "nothing").unlink(),
        "an empty directory lost": lambda _: (top / "empty").rmdir(),
        "a directory lost": lambda _: shutil.rmtree(top / "deep" / "er"),
        "a file renamed": lambda _: (top / "deep" / "file 1").rename(top / "deep" / "File 1"),
        "a file in another directory": lambda _: (top / "deep" / "file 1").rename(top / "file 1"),
        "a file added": lambda _: (top / "deep" / "new").write_text("x"),
        "an empty file added": lambda _: (top / "new").touch(),
        "an empty directory added": lambda _: (top / "deep" / "new").mkdir(),
        "a link added": lambda _: os.symlink("deep", top / "new"),
        "a link lost": lambda _: (top / "link").unlink(),
        "a link to another file": lambda _: link("link", "deep/file 2"),
        "a file in place of a link": lambda _: ((top / "link").unlink(), (top / "link").write_text("deep/file 1")),
        "a file in place of a directory": lambda _: ((top / "empty").rmdir(), (top / "empty").touch()),
    }


def _attributes(top: Path) -> dict[str, Callable[[random.Random], object]]:
    def unlinked(_: random.Random) -> None:
        shutil.copy2(top / "second name", top / "third")
        (top / "third").replace(top / "second name")

    def filled(_: random.Random) -> None:
        data = (top / "sparse").read_bytes()
        (top / "sparse").write_bytes(data)

    def linked(_: random.Random) -> None:
        (top / "deep" / "er" / "file 0").write_text("text 1")

    return {
        "a mode": lambda _: (top / "deep" / "file 3").chmod(0o600),
        "a mode, executable": lambda _: (top / "deep" / "file 2").chmod(0o755),
        "a directory's mode": lambda _: (top / "deep" / "er").chmod(0o700),
        **(_owners(top) if ROOT else {}),
        "an extended attribute lost": lambda _: os.removexattr(top / "deep" / "file 4", "user.origin"),
        "an extended attribute changed": lambda _: os.setxattr(top / "deep" / "file 4", "user.origin", b"x"),
        "an extended attribute added": lambda _: os.setxattr(top / "deep", "user.new", b"x"),
        "a hard link separated": unlinked,
        "a file with the content of another": linked,
        "a sparse file without its holes": filled,
    }


def _owners(top: Path) -> dict[str, Callable[[random.Random], object]]:
    return {
        "an owner": lambda _: os.chown(top / "deep" / "file 3", 65534, -1),
        "a group": lambda _: os.chown(top / "deep" / "file 3", -1, 65534),
        "a directory's owner": lambda _: os.chown(top / "empty", 65534, -1),
        "a link's owner": lambda _: os.lchown(top / "link", 65534, 65534),
    }
