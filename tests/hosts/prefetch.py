"""What the host tests build from Debian's mirror and the index of packages, fetched ahead while other tests wait."""

from __future__ import annotations

import os
from collections.abc import Callable

from . import cpython, wheelhouse
from .cache import kept
from .image import build, tar_name
from .recipe import Recipe
from .stack.images import root_file_system

SUITES = ("bookworm", "trixie", "bullseye")
PYTHONS = (wheelhouse.OURS, "3.13")


def prefetch() -> None:
    """Fill the cache at idle priority: of this process and all that it starts, the CPU and the disk serve others first."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    for fetch in (root_file_system, *map(_image, SUITES), *map(_wheels, PYTHONS), cpython.mirror):
        fetch()


def _image(suite: str) -> Callable[[], object]:
    recipe = Recipe(suite)
    return lambda: kept(tar_name(recipe), lambda tar: build(recipe, tar))


def _wheels(python: str) -> Callable[[], object]:
    return lambda: wheelhouse.wheelhouse(python=python)
