"""This Python and its packages, as a folder that runs on any host: for steps of ours where no Python is new enough."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path

from omnimind_ops.tools import elf, libraries

from .words import Mount

HERE = "/testhost/python"
SOURCE = "/testhost/source"
PYTHON = f"{HERE}/python"
ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("omnimind_ops", "deploy", "templates", "locks", "tests")


def pack(folder: Path) -> tuple[Mount, ...]:
    """Fill `folder` with the interpreter, its loader and the libraries that it and every extension need.

    Return what a host is to mount.
    """
    binary = Path(sys.executable).resolve()
    lib = folder / "lib"
    lib.mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy2(binary, folder / "bin" / binary.name)
    site, standard = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib"))
    program = elf.read(binary)
    assert program
    find = libraries.on_host(program, str(binary.parent))
    todo, observed = [program, *(item for path in extensions(site, standard) if (item := elf.read(path)))], set()
    for wanting in todo:
        for name in {*wanting.needed, program.interpreter} - observed:
            observed.add(name)
            if library := find(name):
                shutil.copy2(library.path, lib / Path(name).name)
                todo.append(library.binary)
    start = folder / "python"
    start.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={SOURCE}:{HERE}/site PYTHONDONTWRITEBYTECODE=1\n"
        f'exec {HERE}/lib/{Path(program.interpreter).name} --inhibit-cache --library-path {HERE}/lib {HERE}/bin/{binary.name} "$@"\n'
    )
    start.chmod(0o755)
    (folder / "site").mkdir()
    (lib / standard.name).mkdir()
    return (
        Mount(folder, HERE),
        Mount(standard, f"{HERE}/lib/{standard.name}"),
        Mount(site, f"{HERE}/site"),
        *(Mount(ROOT / name, f"{SOURCE}/{name}") for name in NEEDED),
    )


def extensions(*folders: Path) -> list[Path]:
    """Every compiled module below these folders that the steps may import: none of the big numeric packages."""
    left_out = ("torch", "openvino", "qiskit", "numpy", "scipy", "matplotlib", "PyInstaller", "pyinstaller")
    return [
        path
        for folder in folders
        for path in folder.rglob("*.so")
        if not any(part.startswith(left_out) for part in path.parts)
    ]
