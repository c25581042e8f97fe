"""How a program starts on this host: with its libraries, with packages, or with its container's libraries. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import Binary, Library, Missing, Start, Way

Find = Callable[[str], Library | None]
"""Finds a library by its name, or a loader by its path."""
Offer = Callable[[frozenset[str]], Mapping[str, tuple[str, Library]]]
"""Asks the distribution for libraries that are not installed; returns name → package and library for those it has."""

OPENED_LATER = ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2")
"""Libraries that glibc opens by itself to look up names; no header lists them. The host's belong to another glibc."""


def start(program: Binary, machine: str, host: Find, offer: Offer, container: Find | None) -> Start:
    """Return how the program starts.

    Raises Problem when it cannot: another architecture, or libraries that are not available.
    """
    if program.machine != machine:
        raise Problem(
            "cannot run Qdrant's program on this host",
            f"it is made for {program.machine}, this host is {machine}",
            f"pass --qdrant-binary PATH with the program of the same version for {machine}",
        )
    if program.static:
        return Start(Way.STATIC)
    lacks = missing(program, host)
    if not lacks:
        return Start(Way.HOST)
    if packages := _packages(program, lacks, host, offer):
        return Start(Way.PACKAGES, lacks, packages, *(_bundle(program, container) if container else ()))
    if container is None:
        raise Problem(
            "cannot run the given Qdrant program on this host",
            f"this host lacks {', '.join(map(str, lacks))}, and no package of the distribution has it",
            "leave --qdrant-binary out (a container's program brings its libraries), or pass the static (musl) release",
        )
    return Start(Way.BUNDLED, lacks, (), *_bundle(program, container))


def missing(program: Binary, find: Find) -> tuple[Missing, ...]:
    """Return the libraries that the program or its libraries need and that are not found.

    For a library that is too old, this is the newest version needed.
    """
    lacks: dict[str, str] = {}
    if program.interpreter and find(program.interpreter) is None:
        lacks[program.interpreter] = ""
    for wanting, name, library in _walk(program, find):
        if library is None:
            lacks[name] = ""
        elif library.binary.offers and (wrong := wanting.wants.get(name, frozenset()) - library.binary.offers):
            lacks[name] = max((*wrong, lacks.get(name, "")), key=_age)
    return tuple(Missing(name, version) for name, version in sorted(lacks.items()))


def _walk(program: Binary, find: Find) -> Iterator[tuple[Binary, str, Library | None]]:
    """Yield each dependent binary, the needed library's name and the library: the program's own first, then theirs."""
    todo, seen = [program], set()
    for wanting in todo:
        for name in wanting.needed:
            library = find(name)
            yield wanting, name, library
            if library and name not in seen:
                todo.append(library.binary)
            seen.add(name)


def _packages(program: Binary, lacks: tuple[Missing, ...], host: Find, offer: Offer) -> tuple[str, ...]:
    """Return the packages that complete the program, none if they do not. A library that is present is not replaced."""
    known: dict[str, tuple[str, Library]] = {}

    def find(name: str) -> Library | None:
        return known[name][1] if name in known else host(name)

    while lacks:
        names = frozenset(one.library for one in lacks)
        if any(one.version for one in lacks) or not names.isdisjoint(known):
            return ()
        known.update(offer(names))
        if not names <= known.keys():
            return ()
        lacks = missing(program, find)
    return tuple(sorted({package for package, _ in known.values()}))


def _bundle(program: Binary, container: Find) -> tuple[str, Mapping[str, str]]:
    """Return the loader's name and every file of the bundle: name → path in the container."""
    lacks = missing(program, container)
    loader = container(program.interpreter)
    if lacks or loader is None:
        raise Problem(
            "cannot run the container's Qdrant program on this host",
            f"neither this host nor the container has {', '.join(map(str, lacks))}",
            "pass --qdrant-binary PATH with the static (musl) release of the same version",
        )
    name_of_loader = PurePosixPath(program.interpreter).name
    files = {name_of_loader: loader.path}
    later = [one for name in OPENED_LATER if (one := container(name))]
    roots = [program, *(one.binary for one in later)]
    files |= {name: library.path for root in roots for _, name, library in _walk(root, container) if library}
    files |= {PurePosixPath(one.path).name: one.path for one in later}
    return name_of_loader, dict(sorted(files.items()))


def _age(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
