"""What ELF files say of themselves, a host's libraries, and the script that starts a program."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from omnimind_ops.planning.program import missing
from omnimind_ops.tools import elf, libraries, packages
from omnimind_ops.tools.program import argv, start_script


@pytest.fixture(scope="module")
def shell() -> Path:
    return Path("/bin/sh").resolve()


def test_a_programs_headers_tell_what_it_needs(shell: Path) -> None:
    result = elf.read(shell)
    assert result and result.machine == platform.machine() and "libc.so.6" in result.needed and not result.static
    assert result.interpreter.startswith("/lib") and any(
        version.startswith("GLIBC_2.") for version in result.required_versions["libc.so.6"]
    )


def test_a_library_offers_versions_and_this_host_satisfies_its_own_programs(shell: Path) -> None:
    program = elf.read(shell)
    assert program
    find = libraries.on_host(program, "/bin")
    libc = find("libc.so.6")
    assert libc and "GLIBC_2.2.5" in libc.binary.defined_versions
    assert missing(program, find) == ()


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF\x02\x01\x01" + b"\xff" * 100, b"#!/bin/sh\n"])
def test_what_is_no_program_is_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "program"
    file.write_bytes(content)
    assert elf.read(file) is None


def test_a_program_cut_anywhere_is_none_or_still_read(tmp_path: Path, shell: Path) -> None:
    whole, file = shell.read_bytes(), tmp_path / "program"
    for length in range(0, len(whole), len(whole) // 97):
        file.write_bytes(whole[:length])
        elf.read(file)


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("libunwind-ptrace.so.0", ("libunwind8", "libunwind8t64")),
        ("libgomp.so.1", ("libgomp1", "libgomp1t64")),
        ("libstdc++.so.6", ("libstdc++6", "libstdc++6t64")),
        ("libssl.so.3", ("libssl3", "libssl3t64")),
        ("libicu72.so.5", ("libicu72-5", "libicu72-5t64")),
        ("libc.so.6", ()),
        ("ld-linux-x86-64.so.2", ()),
        ("/lib/ld-musl-x86_64.so.1", ()),
    ],
)
def test_the_package_of_a_library_and_none_for_glibc(library: str, names: tuple[str, ...]) -> None:
    assert packages.names(library) == names


def test_the_script_starts_the_program_beside_it_wherever_the_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "qdrant").symlink_to("/bin/echo")
    assert argv(folder) == (str(folder / "qdrant"),)
    (folder / "start").write_text(start_script())
    (folder / "start").chmod(0o755)
    (tmp_path / "current").symlink_to(folder)
    assert (
        subprocess.run((*argv(tmp_path / "current"), "a b", "c"), capture_output=True, text=True, check=True).stdout
        == "a b c\n"
    )


def test_through_a_loader_the_process_keeps_its_name(tmp_path: Path) -> None:
    shell = elf.read(Path(sys.executable).resolve())
    assert shell
    (tmp_path / "lib").mkdir()
    (tmp_path / "loader").mkdir()
    (tmp_path / "loader" / "qdrant").symlink_to(shell.interpreter)
    (tmp_path / "qdrant").symlink_to("/bin/cat")
    (tmp_path / "start").write_text(start_script("ld-linux-x86-64.so.2"))
    (tmp_path / "start").chmod(0o755)
    assert (
        subprocess.run((*argv(tmp_path), "/proc/self/comm"), capture_output=True, text=True, check=True).stdout
        == "qdrant\n"
    )
