"""The document that describes the API, and what schemathesis finds when it believes every word of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend.cluster import Cluster, cluster
from tests.services import Services

MINE = "^/(auth|users|tokens|system|metrics|health|$)"


def test_every_operation_is_described_with_its_errors_and_needs_what_it_says(core: Cluster) -> None:
    with core.client() as client:
        body = client.get("/openapi.json").json()
    assert set(body["components"]["securitySchemes"]) == {"session", "token"}
    assert "HTTPValidationError" not in json.dumps(body)
    tags = {tag["name"] for tag in body["tags"]}
    ids = []
    for path, operations in body["paths"].items():
        for operation in operations.values():
            ids.append(operation["operationId"])
            assert operation["description"], path
            assert set(operation["tags"]) <= tags
            assert operation["responses"]["default"]["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
            if "security" in operation:
                assert {"401", "403", "429"} <= operation["responses"].keys()
    assert len(ids) == len(set(ids))
    free = {
        path
        for path, operations in body["paths"].items()
        for operation in operations.values()
        if "security" not in operation
    }
    assert free == {
        "/",
        "/health/live",
        "/health/ready",
        "/health/",
        "/metrics",
        "/auth/login",
        "/auth/logout",
        "/auth/session",
    }


def test_every_reference_in_the_document_leads_somewhere(core: Cluster) -> None:
    with core.client() as client:
        body = client.get("/openapi.json").json()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            target = part.get("$ref")
            if isinstance(target, str):
                place: object = body
                for word in target.removeprefix("#/").split("/"):
                    assert isinstance(place, dict) and word in place, target
                    place = place[word]
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(body)


def test_the_document_needs_no_page_from_elsewhere(core: Cluster) -> None:
    with core.client() as client:
        assert client.get("/docs").status_code == client.get("/redoc").status_code == 404


@pytest.mark.parametrize("seed", ["1", "2"])
def test_schemathesis_finds_no_500(stores: Services, tmp_path: Path, seed: str) -> None:
    """On a cluster of its own: it finds ids in answers and may disable whom it likes."""
    with cluster(stores, f"schemathesis_{seed}", tmp_path) as own:
        command = (
            "-m",
            "schemathesis.cli",
            "run",
            f"{own.url()}/openapi.json",
            "--include-path-regex",
            MINE,
            "--header",
            f"Authorization: Bearer {own.token()}",
            "--max-examples",
            "15",
        )
        command += (
            "--checks",
            "not_a_server_error,response_schema_conformance,content_type_conformance,response_headers_conformance",
        )
        command += ("--seed", seed, "--no-color", "--phases", "examples,coverage,fuzzing")
        done = subprocess.run((sys.executable, *command), cwd=tmp_path, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        assert "unexpected error" not in own.log()
