"""Which index is asked: the one that pip would ask, said in uv's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.tools import index

MIRROR, OTHER = "https://mirror.example/simple", "https://other.example/simple"


@pytest.mark.parametrize(
    ("words", "file", "told", "asked"),
    [
        ({}, "", {}, index.DEFAULT),
        ({"PIP_INDEX_URL": MIRROR}, "", {"UV_DEFAULT_INDEX": MIRROR}, MIRROR),
        ({"UV_DEFAULT_INDEX": OTHER, "PIP_INDEX_URL": MIRROR}, "", {}, OTHER),
        ({"UV_INDEX_URL": OTHER}, f"[global]\nindex-url = {MIRROR}\n", {}, OTHER),
        ({}, f"[global]\nindex-url = {MIRROR}\n", {"UV_DEFAULT_INDEX": MIRROR}, MIRROR),
        ({}, f"[global]\nindex-url = {OTHER}\n[install]\nindex-url = {MIRROR}\n", {"UV_DEFAULT_INDEX": MIRROR}, MIRROR),
        ({}, "[global]\nextra-index-url =\n  https://a/simple\n  https://b/simple\n", {"UV_INDEX": "https://a/simple https://b/simple"}, index.DEFAULT),
        ({"PIP_FIND_LINKS": "/a /b"}, "", {"UV_FIND_LINKS": "/a,/b"}, index.DEFAULT),
        ({}, "this is no configuration", {}, index.DEFAULT),
    ],
)
def test_index_is_the_one_that_pip_would_ask(tmp_path: Path, words: dict[str, str], file: str, told: dict[str, str], asked: str) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(file)
    assert index.environment(words, [conf]) == told
    assert index.url(words, [conf]) == asked


def test_the_persons_file_is_read_before_the_machines(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/pip.conf").write_text(f"[global]\nindex-url = {MIRROR}\n")
    assert index.url({"XDG_CONFIG_HOME": str(tmp_path)}) == MIRROR
