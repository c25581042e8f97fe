"""Headers of ELF files, read without running them (`ldd` runs the file it inspects)."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from elftools.elf.segments import InterpSegment

from omnimind_ops.model.program import Binary

MACHINES = {
    "EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i686", "EM_ARM": "armv7l",
    "EM_RISCV": "riscv64", "EM_PPC64": "ppc64le", "EM_S390": "s390x",
}  # fmt: skip
"""In the form of `uname -m`."""
WEAK = 2  # VER_FLG_WEAK: the loader only warns


def read(path: Path) -> Binary | None:
    """Return what the file needs and defines; None if it is not an ELF file, or a damaged one."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (ELFError, OSError, UnicodeDecodeError, ValueError, KeyError, AssertionError):
        return None


def _read(file: IO[bytes]) -> Binary:
    elf = ELFFile(file)
    interpreter = ""
    needed: list[str] = []
    folders: list[str] = []
    for segment in elf.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
        elif isinstance(segment, DynamicSegment):
            needed = [str(tag.needed) for tag in segment.iter_tags("DT_NEEDED")]  # type: ignore[attr-defined]
            paths = [
                str(getattr(tag, kind))
                for kind in ("rpath", "runpath")
                for tag in segment.iter_tags(f"DT_{kind.upper()}")
            ]
            folders = [part for path in paths for part in path.split(":") if part]
    machine = elf.header.e_machine
    return Binary(
        MACHINES.get(machine, machine),
        elf.elfclass,
        interpreter,
        tuple(needed),
        _required_versions(elf),
        _defined_versions(elf),
        tuple(folders),
    )


def _required_versions(elf: ELFFile) -> dict[str, frozenset[str]]:
    required: dict[str, frozenset[str]] = {}
    for section in elf.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for library, versions in section.iter_versions():
                required[str(library.name)] = frozenset(
                    str(version.name) for version in versions if not version.entry.vna_flags & WEAK
                )
    return required


def _defined_versions(elf: ELFFile) -> frozenset[str]:
    """Return the versions that are defined; the first is the file's own name."""
    defined: set[str] = set()
    for section in elf.iter_sections():
        if isinstance(section, GNUVerDefSection):
            for definition, names in section.iter_versions():
                first = next(iter(names), None)
                if first is not None and not definition.entry.vd_flags & 1:  # VER_FLG_BASE
                    defined.add(str(first.name))
    return frozenset(defined)
