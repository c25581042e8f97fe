"""Which index is asked, and whether it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omnimind_ops import paths
from omnimind_ops.observe.index import PACKAGE, ask
from omnimind_ops.observe.indexes import PUBLIC, first

MIRROR = "mirror.example/simple"


@pytest.mark.parametrize(
    ("words", "file", "asked"),
    [
        ({}, "", PUBLIC),
        ({"PIP_INDEX_URL": f"https://ana:geheim@{MIRROR}"}, "", f"https://{MIRROR}"),
        ({"UV_DEFAULT_INDEX": "https://other/simple", "PIP_INDEX_URL": f"https://{MIRROR}"}, "", "https://other/simple"),
        ({"UV_INDEX_URL": "https://other/simple"}, f"[global]\nindex-url = https://{MIRROR}\n", "https://other/simple"),
        ({}, f"[global]\nindex-url = https://{MIRROR}\n", f"https://{MIRROR}"),
        ({}, "this is no configuration", PUBLIC),
    ],
)
def test_index_that_is_asked_first_is_named_without_its_login(tmp_path: Path, words: dict[str, str], file: str, asked: str) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(file)
    assert first(words, [conf]) == asked


def test_index_that_answers_is_told_from_one_that_nobody_serves_without_its_login() -> None:
    said = ask({"UV_DEFAULT_INDEX": "http://ana:geheim@127.0.0.1:9/simple"})
    assert said.url == "http://127.0.0.1:9/simple"
    assert "refused" in said.trouble.lower() and "geheim" not in said.trouble


def test_index_without_a_package_that_is_needed_is_named() -> None:
    with serve(b"<html></html>") as address:
        assert ask({"PIP_INDEX_URL": address}).trouble


def test_index_that_serves_is_good() -> None:
    page = f'<html><a href="h11-0.16.0-py3-none-any.whl#sha256={"0" * 64}" data-dist-info-metadata="true">h11-0.16.0-py3-none-any.whl</a></html>'.encode()
    with serve(page) as address:
        assert ask({"PIP_INDEX_URL": address}).trouble == ""


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
