"""The local mirror of CPython: what it is built from, and the list that uv reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.hosts.cpython import BUILT_ON, Build, downloads, environment


def test_an_archive_is_listed_with_its_own_hash_where_a_host_finds_it(tmp_path: Path) -> None:
    archive = tmp_path / "cpython-3.13.5-x86_64-unknown-linux-gnu-install_only.tar.gz"
    archive.write_bytes(b"an archive")
    ((key, entry),) = downloads(archive).items()
    assert key.startswith("cpython-3.13.5-linux-")
    assert (entry["major"], entry["minor"], entry["patch"]) == (3, 13, 5)
    assert entry["sha256"] == hashlib.sha256(b"an archive").hexdigest()
    folder = environment()["UV_PYTHON_DOWNLOADS_JSON_URL"].rpartition("/")[0]
    assert entry["url"] == f"{folder}/{archive.name}"


@pytest.mark.parametrize(("suite", "version"), [("trixie", "3.13"), ("bookworm", "3.11")])
def test_a_suites_source_is_built_on_the_oldest_suite(suite: str, version: str, tmp_path: Path) -> None:
    arguments = Build(suite).words(tmp_path)
    assert arguments[-2:] == (BUILT_ON, "/dev/null") == ("bullseye", "/dev/null")
    assert any(f"/build.sh {version} {suite}" in word for word in arguments)


def test_each_source_has_a_key_of_its_own() -> None:
    assert Build("trixie").key != Build("bookworm").key
