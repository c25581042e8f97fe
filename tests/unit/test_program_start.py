"""How a program starts on a host, decided from what it needs and what is there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.model.program import Binary, Library, LibrarySource, Missing, Start
from omnimind_ops.planning.program import FindLibrary, missing, start

LOADER = "/lib64/ld-linux-x86-64.so.2"
OLD, NEW = ("GLIBC_2.2.5", "GLIBC_2.31"), ("GLIBC_2.2.5", "GLIBC_2.31", "GLIBC_2.34", "GLIBC_2.38")


def library(*needed: str, offers: tuple[str, ...] = (), wants: Mapping[str, tuple[str, ...]] | None = None) -> Binary:
    return Binary(
        "x86_64",
        needed=needed,
        defined_versions=frozenset(offers),
        required_versions={name: frozenset(v) for name, v in (wants or {}).items()},
    )


def place(libraries: Mapping[str, Binary], folder: str = "/usr/lib") -> FindLibrary:
    """A host or container with these libraries, and a loader."""
    known = {
        name: Library(name if name.startswith("/") else f"{folder}/{name}", binary)
        for name, binary in {LOADER: library(), **libraries}.items()
    }
    return known.get


def no_offer(_: frozenset[str]) -> Mapping[str, tuple[str, Library]]:
    return {}


def program(glibc: str = "GLIBC_2.31", *more: str) -> Binary:
    return Binary("x86_64", 64, LOADER, ("libc.so.6", *more), {"libc.so.6": frozenset({"GLIBC_2.2.5", glibc})})


UNWIND = library("libc.so.6", "liblzma.so.5", wants={"libc.so.6": ("GLIBC_2.2.5",)})
STOCK = {"libc.so.6": library(offers=OLD), "liblzma.so.5": library(offers=("XZ_5.0",))}
WITHIN = place(
    {"libc.so.6": library(offers=NEW), "liblzma.so.5": library(), "libunwind-ptrace.so.0": UNWIND},
    "/lib/x86_64-linux-gnu",
)


def offer(**binaries: Binary) -> object:
    """The distribution has libunwind8 with this library."""
    results = {
        name: ("libunwind8", Library(f"/scratch/{name}", binary))
        for name, binary in {"libunwind-ptrace.so.0": UNWIND, **binaries}.items()
    }
    return lambda wanted: {name: results[name] for name in wanted if name in results}


def test_a_static_program_needs_nothing() -> None:
    assert start(Binary("x86_64"), "x86_64", place({}), no_offer, None) == Start(LibrarySource.STATIC)


def test_libraries_of_the_host_that_satisfy_it_are_used() -> None:
    assert start(program(), "x86_64", place(STOCK), no_offer, WITHIN) == Start(LibrarySource.HOST)


def test_a_library_that_the_distribution_has_is_installed_and_the_containers_come_along_until_then() -> None:
    result = start(program("GLIBC_2.31", "libunwind-ptrace.so.0"), "x86_64", place(STOCK), offer(), WITHIN)
    assert (result.way, result.packages, result.missing) == (
        LibrarySource.PACKAGES,
        ("libunwind8",),
        (Missing("libunwind-ptrace.so.0"),),
    )
    assert result.loader == "ld-linux-x86-64.so.2" and set(result.files) >= {
        "libc.so.6",
        "libunwind-ptrace.so.0",
        "liblzma.so.5",
        result.loader,
    }


def test_a_given_program_may_have_packages_but_no_bundle() -> None:
    result = start(program("GLIBC_2.31", "libunwind-ptrace.so.0"), "x86_64", place(STOCK), offer(), None)
    assert (result.way, result.packages, dict(result.files)) == (LibrarySource.PACKAGES, ("libunwind8",), {})


@pytest.mark.parametrize(
    ("needs", "host", "lacks"),
    [
        pytest.param(program("GLIBC_2.34"), STOCK, (Missing("libc.so.6", "GLIBC_2.34"),), id="glibc is never replaced"),
        pytest.param(
            program("GLIBC_2.34", "libunwind-ptrace.so.0"),
            STOCK,
            (Missing("libc.so.6", "GLIBC_2.34"), Missing("libunwind-ptrace.so.0")),
            id="both",
        ),
        pytest.param(program(), {}, (Missing("libc.so.6"),), id="no libc at all, as with musl"),
        pytest.param(
            program("GLIBC_2.31", "libunwind-ptrace.so.0"),
            {**STOCK, "libunwind-ptrace.so.0": library("libc.so.6", wants={"libc.so.6": ("GLIBC_2.38",)})},
            (Missing("libc.so.6", "GLIBC_2.38"),),
            id="a library of the host wants more than the host has",
        ),
    ],
)
def test_what_no_package_brings_comes_from_the_container(
    needs: Binary, host: Mapping[str, Binary], lacks: tuple[Missing, ...]
) -> None:
    result = start(needs, "x86_64", place(host), offer(), WITHIN)
    assert (result.way, result.missing, result.packages) == (LibrarySource.BUNDLED, lacks, ())
    assert result.files["libc.so.6"] == "/lib/x86_64-linux-gnu/libc.so.6" and result.files[result.loader] == LOADER


def test_a_package_that_needs_more_than_the_host_has_is_not_installed() -> None:
    wants_new = {"libunwind-ptrace.so.0": library("libc.so.6", wants={"libc.so.6": ("GLIBC_2.38",)})}
    assert (
        start(program("GLIBC_2.31", "libunwind-ptrace.so.0"), "x86_64", place(STOCK), offer(**wants_new), WITHIN).way
        is LibrarySource.BUNDLED
    )


def test_what_a_package_needs_in_turn_is_asked_for_as_well() -> None:
    host = {"libc.so.6": library(offers=OLD)}
    needs = program("GLIBC_2.31", "libunwind-ptrace.so.0")
    assert (
        start(needs, "x86_64", place(host), offer(**{"liblzma.so.5": library()}), WITHIN).way is LibrarySource.PACKAGES
    )
    assert start(needs, "x86_64", place(host), offer(), WITHIN).way is LibrarySource.BUNDLED


@pytest.mark.parametrize("machine", ["aarch64", "EM_IA_64"])
def test_another_architecture_is_refused(machine: str) -> None:
    with pytest.raises(Problem, match=f"built for {machine}, and this host is x86_64"):
        start(Binary(machine), "x86_64", place({}), no_offer, WITHIN)


def test_a_given_program_that_needs_what_nobody_has_is_refused() -> None:
    with pytest.raises(Problem, match="lacks libc.so.6 with GLIBC_2.38"):
        start(program("GLIBC_2.38"), "x86_64", place(STOCK), offer(), None)


def test_a_container_that_lacks_its_own_libraries_is_refused() -> None:
    with pytest.raises(Problem, match="neither this host nor the container has libfoo.so.1"):
        start(program("GLIBC_2.38", "libfoo.so.1"), "x86_64", place(STOCK), no_offer, WITHIN)


def test_what_is_missing_is_told_once_with_the_newest_version_and_circles_end() -> None:
    circle = {
        "liba.so.1": library("libb.so.1"),
        "libb.so.1": library("liba.so.1", "libc.so.6", wants={"libc.so.6": ("GLIBC_2.38",)}),
    }
    assert missing(program("GLIBC_2.9", "liba.so.1"), place({**STOCK, **circle})) == (
        Missing("libc.so.6", "GLIBC_2.38"),
    )


def test_a_library_without_versions_serves_every_version() -> None:
    assert missing(program("GLIBC_2.38"), place({"libc.so.6": library()})) == ()
