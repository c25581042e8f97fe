"""The server as a service: who it is, who may use it, how it is configured."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from omnimind_ops.embedded.qdrant import version
from omnimind_ops.embedded.qdrant.settings import Settings, SettingsError, load
from tests.qdrant_standin.conftest import StartServer
from tests.qdrant_standin.server import Server

KEYS = {"QDRANT__SERVICE__API_KEY": "all", "QDRANT__SERVICE__READ_ONLY_API_KEY": "look"}
COSINE = models.VectorParams(size=2, distance=models.Distance.COSINE)


@pytest.fixture(scope="module")
def guarded(start_server: StartServer) -> Server:
    """A server with both keys."""
    return start_server(env=KEYS)


def test_it_says_what_it_is(server: Server) -> None:
    answer = httpx.get(server.url).json()
    assert answer["title"].startswith("qdrant")
    assert answer["version"] == version.COMPATIBLE
    assert answer["commit"].startswith("qdrant-edge ")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/metrics", "/telemetry", "/cluster", "/issues"])
def test_it_tells_how_it_is(server: Server, path: str) -> None:
    assert httpx.get(server.url + path).status_code == 200


def test_the_newest_client_finds_its_version_compatible(server: Server) -> None:
    client = QdrantClient(url=server.url)  # warns, which is an error here, in a thread of its own
    for thread in threading.enumerate():
        if "_check_compatibility" in thread.name:
            thread.join()
    client.close()


def test_unknown_paths_are_not_found(server: Server) -> None:
    assert httpx.get(f"{server.url}/nothing").status_code == 404
    assert httpx.post(f"{server.url}/healthz").status_code in (404, 405)


def test_results_and_errors_come_in_qdrants_envelope(server: Server) -> None:
    good = httpx.get(f"{server.url}/collections").json()
    assert (good["status"], good["result"]) == ("ok", {"collections": []})
    assert isinstance(good["time"], float)
    bad = httpx.get(f"{server.url}/collections/nothing").json()
    assert bad["status"] == {"error": "Not found: Collection `nothing` doesn't exist!"}


def test_without_a_key_only_health_is_open(guarded: Server) -> None:
    assert httpx.get(f"{guarded.url}/collections").status_code == 401
    assert httpx.get(f"{guarded.url}/collections", headers={"api-key": "wrong"}).status_code == 401
    for path in ("/", "/healthz", "/livez", "/readyz"):
        assert httpx.get(guarded.url + path).status_code == 200


def test_the_web_ui_is_open_and_what_it_asks_is_not(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>Qdrant Web UI</title>")
    served = start_server(env={**KEYS, "QDRANT__SERVICE__STATIC_CONTENT_DIR": str(tmp_path)})
    assert "Web UI" in httpx.get(f"{served.url}/dashboard/").text
    assert httpx.get(f"{served.url}/dashboards").status_code == 401
    assert httpx.get(f"{served.url}/collections").status_code == 401


def test_the_key_is_taken_as_header_and_as_bearer_token(guarded: Server) -> None:
    for headers in ({"api-key": "all"}, {"Authorization": "Bearer all"}):
        assert httpx.get(f"{guarded.url}/collections", headers=headers).status_code == 200


def test_the_read_only_key_reads_and_nothing_else(guarded: Server) -> None:
    headers = {"api-key": "all"}
    httpx.put(
        f"{guarded.url}/collections/c", json={"vectors": {"size": 2, "distance": "Dot"}}, headers=headers
    ).raise_for_status()
    look = httpx.Client(base_url=guarded.url, headers={"api-key": "look"})
    assert look.get("/collections/c").status_code == 200
    assert look.post("/collections/c/points/query", json={"query": [1, 2]}).status_code == 200
    assert look.post("/collections/c/points/count", json={}).status_code == 200
    assert look.put("/collections/c/points", json={"points": [{"id": 1, "vector": [1, 2]}]}).status_code == 403
    assert look.post("/collections/c/points/delete", json={"points": [1]}).status_code == 403
    assert look.delete("/collections/c").status_code == 403
    look.close()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_the_client_passes_its_key(guarded: Server) -> None:
    client = guarded.client(api_key="all")
    assert client.create_collection("keyed", vectors_config=COSINE)
    client.close()
    stranger = guarded.client(api_key="other")
    with pytest.raises(UnexpectedResponse) as refusal:
        stranger.get_collections()
    assert refusal.value.status_code == 401
    stranger.close()


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "storage:\n  storage_path: /a\n  snapshots_path: /b\nservice:\n  host: 127.0.0.1\n  http_port: 7000\n  api_key: k\n  grpc_port: 6334\n"
    )
    settings = load(file, {"QDRANT__SERVICE__HTTP_PORT": "7001", "QDRANT__STORAGE__STORAGE_PATH": "/c"})
    assert settings == Settings(
        storage_path=Path("/c"), snapshots_path=Path("/b"), host="127.0.0.1", http_port=7001, api_key="k"
    )


def test_the_defaults_are_the_real_servers() -> None:
    settings = load(None, {})
    assert (settings.storage_path, settings.snapshots_path) == (Path("storage"), Path("snapshots"))
    assert (settings.host, settings.http_port, settings.api_key) == ("0.0.0.0", 6333, None)


def test_an_empty_key_is_no_key() -> None:
    assert load(None, {"QDRANT__SERVICE__API_KEY": ""}).api_key is None


def test_files_of_the_folder_config_are_read_first_the_run_modes_after_the_common_one(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("service: {http_port: 1, host: 127.0.0.2, api_key: a}")
    (tmp_path / "production.yaml").write_text("service: {http_port: 2, api_key: b}")
    (tmp_path / "local.yaml").write_text("service: {api_key: c}")
    given = tmp_path / "given.yaml"
    given.write_text("storage: {storage_path: /d}\nservice: {enable_static_content: false}")
    result = load(given, {"RUN_MODE": "production", "QDRANT__SERVICE__HTTP_PORT": "3"}, tmp_path)
    assert (result.host, result.http_port, result.api_key, result.storage_path) == ("127.0.0.2", 3, "c", Path("/d"))
    assert result.static_content_dir is None
    assert load(None, {}, tmp_path).http_port == 1 and load(None, {}, tmp_path).static_content_dir == Path("static")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a list", "not a mapping"),
        ("service: {http_port: many}", "http_port"),
        ("service: {enable_tls: true}", "TLS"),
        ("a: [", "config"),
    ],
)
def test_a_wrong_configuration_is_refused_by_its_key(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=why):
        load(file, {})


def test_the_dashboard_is_served_where_its_files_are(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>dashboard</h1>")
    server = start_server(env={"QDRANT__SERVICE__STATIC_CONTENT_DIR": str(tmp_path)})
    assert "dashboard" in httpx.get(f"{server.url}/dashboard/").text
