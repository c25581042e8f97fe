"""The program of the sample stack's Qdrant image: shaped as the official one, whatever serves in it."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from omnimind_ops.tools import elf

from ... import packed
from ...cache import found, kept, key_of
from ...outside import call

SOURCE = Path(__file__).with_name("qdrant.c")
UNWIND = ("libunwind-ptrace.so.0", "libunwind-x86_64.so.8", "libunwind.so.8")
# What the stand-in's own parts open later; a program's headers must name what it needs.
WITHIN = ("libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libz.so.1", "libgcc_s.so.1")


def image_program(executable: Path, rootfs: Path) -> Path:
    """The file that becomes /qdrant/qdrant.

    One that needs libunwind, as the official program does, is taken as it is; any other is carried in one that does.
    That takes gcc on this machine.
    """
    if there := image_program_cached(executable, rootfs):
        return there
    key = _key(executable, rootfs)
    return kept(f"program-{key}", lambda target: _compile(executable, rootfs, target, key))


def image_program_cached(executable: Path, rootfs: Path) -> Path | None:
    """What `image_program` returns, where nothing has to be compiled."""
    binary = elf.read(executable)
    return executable if binary and UNWIND[0] in binary.needed else found(f"program-{_key(executable, rootfs)}")


def _key(executable: Path, rootfs: Path) -> str:
    return key_of(SOURCE.read_bytes(), executable.read_bytes(), rootfs.name, *WITHIN)


def _compile(executable: Path, rootfs: Path, target: Path, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix=".program-", dir=target.parent) as folder:
        _unpack(rootfs, Path(folder))
        linked = (f"-l:{name}" for name in (*UNWIND, *WITHIN))
        carried = (f'-DSTANDIN="{executable}"', f'-DKEY="{key}"')
        call(
            (
                "gcc",
                "-O2",
                "-Wall",
                "-Wextra",
                *carried,
                "-o",
                str(target),
                str(SOURCE),
                "-Wl,--no-as-needed",
                f"-L{folder}",
                *linked,
            ),
            timeout=120,
        )
    target.chmod(0o755)


def _unpack(rootfs: Path, folder: Path) -> None:
    """Put the image's own libraries into the folder: this machine may not have them."""
    with packed.unpacked(rootfs) as whole, tarfile.open(fileobj=whole) as archive:
        for member in archive:
            name = Path(member.name).name
            if name in (*UNWIND, *WITHIN) and (source := archive.extractfile(member)):
                (folder / name).write_bytes(source.read())
