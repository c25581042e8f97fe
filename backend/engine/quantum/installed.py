"""The installed Qiskit Aer, from package metadata and the library's own bytes. Nothing is imported."""

from __future__ import annotations

import functools
import importlib.util
import mmap
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

DISTS = ("qiskit-aer", "qiskit-aer-gpu", "qiskit-aer-gpu-cu11")
"""All of these own the same files: the last one installed replaces the library of the others, and uninstalling one
deletes it.
"""


@dataclass(frozen=True)
class Installed:
    """`dist` is "qiskit-aer 0.18.2", "" if none; `conflict` lists all if there are several.

    `gpu_build` means that the library needs CUDA.
    """

    dist: str = ""
    conflict: str = ""
    gpu_build: bool = False

    def without_gpu(self) -> str:
        """Return why no circuit can run on a GPU here, "" if one can."""
        if not self.dist:
            return "Qiskit Aer is not installed"
        if self.conflict:
            fix = "uninstall all of them, then install one"
            return f"{self.conflict} are installed together and overwrite each other: {fix}"
        return "" if self.gpu_build else f"{self.dist} is a build without GPU; qiskit-aer-gpu has one"


@functools.cache
def installed() -> Installed:
    """Return what is installed. Cached, because it does not change while the process runs."""
    dists = [f"{dist} {version}" for dist in DISTS if (version := _version(dist))]
    return Installed(
        dists[-1] if dists else "",
        " and ".join(dists) if len(dists) > 1 else "",
        bool(dists) and _wants_cuda(_library()),
    )


def _version(dist: str) -> str:
    try:
        return metadata.version(dist)
    except metadata.PackageNotFoundError:
        return ""


def _library() -> Path | None:
    spec = importlib.util.find_spec("qiskit_aer")
    folders = (spec.submodule_search_locations or []) if spec else []
    return next((path for folder in folders for path in Path(folder, "backends").glob("controller_wrappers*.so")), None)


def _wants_cuda(library: Path | None) -> bool:
    """Return whether the library links the CUDA runtime."""
    if library is None:
        return False
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"libcudart.so") >= 0
