"""Servers that do not answer as a fingerprint expects: older ones, those that refuse, and what is no Qdrant."""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, check_response
from omnimind_ops.stores.qdrant.facts import version
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from tests.qdrant import Server


def test_a_refusal_by_strict_mode_is_not_called_a_missing_key() -> None:
    request = httpx.Request("POST", "http://127.0.0.1:1/collections/c/points/count")
    error = {"error": "Forbidden: Exact search disabled!. Help: Set exact=false."}
    response = httpx.Response(403, json={"status": error}, request=request)
    with pytest.raises(Problem, match="Exact search disabled") as caught:
        check_response(QdrantEndpoint("http://127.0.0.1:1"), request, response)
    assert "API key" not in str(caught.value)
    refused = httpx.Response(403, json={"status": {"error": "Forbidden: Global access is required"}}, request=request)
    with pytest.raises(Problem, match="API key"):
        check_response(QdrantEndpoint("http://127.0.0.1:1"), request, refused)


class Old(BaseHTTPRequestHandler):
    """A server from before 1.10, which knows no /points/query; it answers in another order each time."""

    asked: list[str] = []

    def answer(self, result: object, status: int = 200) -> None:
        body = json.dumps(
            {"result": result, "status": "ok" if status == 200 else {"error": "Not found"}, "time": 0}
        ).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        results: dict[str, object] = {
            "/collections": {"collections": [{"name": "c"}]},
            "/aliases": {"aliases": []},
            "/collections/c": {"config": {"params": {"vectors": {"size": 1, "distance": "Dot"}}}, "payload_schema": {}},
        }
        self.answer(results[self.path])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(self.path)
        points = [{"id": n, "vector": [float(n)], "payload": {}} for n in range(5)]
        random.shuffle(points)
        if self.path.endswith("/count"):
            self.answer({"count": 5})
        elif self.path.endswith("/scroll"):
            self.answer({"points": points, "next_page_offset": None})
        elif self.path.endswith("/search"):
            self.answer([{"id": p["id"], "score": p["vector"][0] * body["vector"][0]} for p in points])  # type: ignore[index]
        else:
            self.answer(None, 404)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def test_an_old_server_is_asked_the_old_way_and_answers_may_come_in_any_order() -> None:
    with HTTPServer(("127.0.0.1", 0), Old) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = QdrantEndpoint(f"http://127.0.0.1:{server.server_port}")
        first = fingerprint(where)
        assert all(not compare(first, fingerprint(where)) for _ in range(5))
        assert "/collections/c/points/search" in Old.asked
        server.shutdown()


def test_the_key_is_used_and_a_wrong_one_is_told_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "q", env={"QDRANT__SERVICE__API_KEY": "sesame"}).start()
    try:
        assert fingerprint(QdrantEndpoint(server.url, "sesame")).counts["collections"] == 0
        assert version(QdrantEndpoint(server.url, "sesame")) == version(QdrantEndpoint(server.url))
        for key in (None, "wrong"):
            began = time.monotonic()
            with pytest.raises(Problem, match="API key"):
                fingerprint(QdrantEndpoint(server.url, key))
            assert time.monotonic() - began < 5
        assert "sesame" not in repr(QdrantEndpoint(server.url, "sesame"))
    finally:
        server.kill()


@pytest.mark.parametrize("said", [b"<html>", b"{}", b"{ broken", b'{"title": "other", "version": {}}'])
def test_something_else_that_answers_is_a_problem(said: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(Problem, match="Qdrant"):
            version(QdrantEndpoint(f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
