"""Which index is asked: the one that pip would ask, said in uv's words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omnimind_ops import paths
from omnimind_ops.observe.index import PACKAGE, probe
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
        (
            {},
            "[global]\nextra-index-url =\n  https://a/simple\n  https://b/simple\n",
            {"UV_INDEX": "https://a/simple https://b/simple"},
            index.DEFAULT,
        ),
        ({"PIP_FIND_LINKS": "/a /b"}, "", {"UV_FIND_LINKS": "/a,/b"}, index.DEFAULT),
        ({}, "[global]\nfind-links =\n  /a\n  /b\n", {"UV_FIND_LINKS": "/a,/b"}, index.DEFAULT),
        (
            {"PIP_CERT": "/ca.pem"},
            "[global]\ntrusted-host = a b\n",
            {"SSL_CERT_FILE": "/ca.pem", "UV_INSECURE_HOST": "a b"},
            index.DEFAULT,
        ),
        ({"SSL_CERT_FILE": "/own.pem"}, "[global]\ncert = /ca.pem\n", {}, index.DEFAULT),
        ({}, "this is no configuration", {}, index.DEFAULT),
    ],
)
def test_index_is_the_one_that_pip_would_ask(
    tmp_path: Path, words: dict[str, str], file: str, told: dict[str, str], asked: str
) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(file)
    assert index.environment(words, [conf]) == told
    assert index.url(words, [conf]) == asked


def test_a_login_belongs_to_the_host_of_its_index() -> None:
    arguments = {
        "UV_DEFAULT_INDEX": "https://ana:s%40crt@mirror.example/simple",
        "UV_INDEX": "own=https://bob@other.example/simple https://third.example/simple",
    }
    assert index.logins(arguments) == {"mirror.example": ("ana", "s@crt"), "other.example": ("bob", "")}


def test_the_persons_file_is_read_before_the_machines(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/pip.conf").write_text(f"[global]\nindex-url = {MIRROR}\n")
    assert index.url({"XDG_CONFIG_HOME": str(tmp_path)}) == MIRROR


def test_index_that_answers_is_told_from_one_that_nobody_serves_without_its_login() -> None:
    result = probe({"UV_DEFAULT_INDEX": "http://ana:geheim@127.0.0.1:9/simple"})
    assert result.url == "http://127.0.0.1:9/simple"
    assert "refused" in result.trouble.lower() and "geheim" not in result.trouble


def test_index_without_a_package_that_is_needed_is_named() -> None:
    with serve(b"<html></html>") as address:
        assert probe({"PIP_INDEX_URL": address}).trouble


def test_index_that_serves_is_good() -> None:
    page = f'<html><a href="h11-0.16.0-py3-none-any.whl#sha256={"0" * 64}" data-dist-info-metadata="true">h11-0.16.0-py3-none-any.whl</a></html>'.encode()
    with serve(page) as address:
        assert probe({"PIP_INDEX_URL": address}).trouble == ""


@pytest.mark.parametrize("lock", ["cpu", "cu12", "cu13"])
def test_what_the_index_is_asked_for_is_in_every_lock(lock: str) -> None:
    assert f"\n{PACKAGE}==" in (paths.data("locks") / f"{lock}.txt").read_text()


@contextmanager
def serve(page: bytes) -> Iterator[str]:
    """An index whose only page is this, and whose only metadata is that of h11."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            metadata = self.path.endswith(".metadata")
            self.send_response(200)
            self.send_header("Content-Type", "text/plain" if metadata else "text/html")
            self.end_headers()
            self.wfile.write(b"Metadata-Version: 2.1\nName: h11\nVersion: 0.16.0\n" if metadata else page)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()
