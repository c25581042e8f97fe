"""The user's own files are merged last, after what the old server had; converge never writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pyinfra.api.exceptions import OperationError

from deploy import own_files
from deploy.facts.listing import Listing
from deploy.facts.paths import PathState

BASE = "# Written by omnimind.\nstorage:\n  storage_path: /var/lib/qdrant/storage\n  wal:\n    wal_capacity_mb: 32\n"
CARRIED = ("storage.wal.wal_capacity_mb=64", "storage.wal.wal_segments_ahead=2")
Files = dict[str, bytes]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[[Files], None]:
    """Let the host have these files."""

    class Host:
        files: Files

        def get_fact(self, fact: type, **arguments: Any) -> Any:
            if fact is Listing:
                return tuple(sorted(self.files))
            return {path: PathState("file", 0o644, "root", "root", self.files[path]) for path in arguments["paths"]}

    host = Host()
    monkeypatch.setattr(own_files, "host", host)
    return lambda files: setattr(host, "files", files)


def test_without_any_the_content_is_unchanged(host: Callable[[Files], None]) -> None:
    host({})
    assert own_files.merged(BASE, "qdrant", ()) == BASE


def test_a_later_file_wins_and_sections_are_merged(host: Callable[[Files], None]) -> None:
    host({"/a.yaml": b"storage: {wal: {wal_capacity_mb: 8}}\nlog_level: WARN\n", "/b.yaml": b"log_level: DEBUG\n"})
    merged = own_files.merged(BASE, "qdrant", CARRIED)
    assert merged.startswith("# Written by omnimind.\n# Merged with /a.yaml.\n# Merged with /b.yaml.\n")
    assert yaml.safe_load(merged) == {
        "storage": {
            "storage_path": "/var/lib/qdrant/storage",
            "wal": {"wal_capacity_mb": 8, "wal_segments_ahead": 2},
        },
        "log_level": "DEBUG",
    }


@pytest.mark.parametrize("content", [b"a: [", b"- 1\n"])
def test_a_file_that_is_no_configuration_is_named(host: Callable[[Files], None], content: bytes) -> None:
    host({"/a.yaml": content})
    with pytest.raises(OperationError, match=r"^/a\.yaml "):
        own_files.merged(BASE, "qdrant", ())


def test_the_listing_is_sorted_and_follows_links(tmp_path: Any) -> None:
    import subprocess

    for name in ("b.conf", "a.conf", "c.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "d.conf").symlink_to(tmp_path / "c.yaml")
    (tmp_path / "e.conf").mkdir()
    output = subprocess.check_output(("sh", "-c", Listing().command(str(tmp_path), ".conf")), text=True)
    assert Listing().process(output.splitlines()) == tuple(str(tmp_path / f"{name}.conf") for name in ("a", "b", "d"))
