"""Talk to a Qdrant server over its REST API: one question, one answer, errors as Problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import orjson

from omnimind_ops.model.problem import Problem

if TYPE_CHECKING:
    import httpx

TIMEOUT = 120.0
"""Seconds for one answer: an exact query reads every vector, from a cold disk that takes its time."""


@dataclass(frozen=True)
class QdrantEndpoint:
    """Where a server answers, e.g. "http://127.0.0.1:6333", and its API key if it wants one."""

    url: str
    api_key: str | None = field(default=None, repr=False)


class Readable(Protocol):
    """What can be read once, from front to back."""

    def read(self, size: int = -1) -> bytes: ...


class Talk:
    """An open connection to a server."""

    def __init__(self, endpoint: QdrantEndpoint, client: httpx.Client) -> None:
        self.endpoint = endpoint
        self.client = client

    def get(self, path: str) -> Any:
        """Return the `result` of a GET."""
        return self._result("GET", path, None)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Return the `result` of a POST."""
        return self._result("POST", path, body)

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        """Return the `result` of a PUT."""
        return self._result("PUT", path, body)

    def upload(self, path: str, field: str, file: Readable) -> Any:
        """Return the `result` of a POST of a file as a form's field; it is read as it is sent.

        Its connection is not used again: of a second upload over the same one Qdrant 1.15 reads some 300 kB and no more.
        """
        form = {field: (field, file, "application/octet-stream")}
        return self._result("POST", path, None, files=form, headers={"Connection": "close"})

    def _result(self, method: str, path: str, body: Mapping[str, object] | None, **more: Any) -> Any:
        import httpx

        try:
            answer = self.client.request(method, path, json=body, **more)
        except httpx.HTTPError as error:
            raise unreachable(self.endpoint, str(error) or type(error).__name__) from error
        if answer.status_code in (401, 403):
            raise refused(self.endpoint)
        try:
            said = orjson.loads(answer.content)
        except ValueError:
            said = answer.text[:200]
        if answer.status_code != 200 or not isinstance(said, dict):
            raise AnswerProblem(self.endpoint, f"{method} {path}", answer.status_code, said)
        return said.get("result", said)


class AnswerProblem(Problem):
    """The server answered, but not what was asked for; `status` is the HTTP status."""

    def __init__(self, endpoint: QdrantEndpoint, question: str, status: int, said: object) -> None:
        detail = said.get("status", said) if isinstance(said, dict) else said
        text = detail.get("error", detail) if isinstance(detail, dict) else detail
        super().__init__(
            f"cannot read from Qdrant at {endpoint.url}",
            f"{question}: status {status}: {text}",
            "look at the server's log; is this a Qdrant server?",
        )
        self.status = status


@contextmanager
def talk(endpoint: QdrantEndpoint, timeout: float = TIMEOUT) -> Iterator[Talk]:
    """Open a connection for a few questions; proxies of the environment are not used.

    An answer may take `timeout` seconds; a server that reads nothing of what we send for TIMEOUT is given up.
    """
    import httpx

    headers = {"api-key": endpoint.api_key} if endpoint.api_key else {}
    limits = httpx.Timeout(timeout, write=min(timeout, TIMEOUT))
    with httpx.Client(base_url=endpoint.url, headers=headers, timeout=limits, trust_env=False) as client:
        yield Talk(endpoint, client)


def version(endpoint: QdrantEndpoint) -> str:
    """Return the server's version, e.g. "1.16.3"; Problem when nothing like Qdrant answers."""
    with talk(endpoint, 10) as server:
        said = server.get("/")
    if not isinstance(said, dict) or "version" not in said:
        raise AnswerProblem(endpoint, "GET /", 200, "no version in the answer")
    return str(said["version"])


def collection_config(endpoint: QdrantEndpoint, name: str) -> Mapping[str, Any] | None:
    """Return a collection's configuration as its config.json holds it; None when the server has no such collection."""
    with talk(endpoint, 10) as server:
        try:
            config = server.get(f"/collections/{quote(name, safe='')}")["config"]
        except AnswerProblem as problem:
            if problem.status == 404:
                return None
            raise
    return config if isinstance(config, Mapping) else None


def snapshot_checksum(endpoint: QdrantEndpoint, collection: str, name: str) -> str:
    """Return the SHA-256 of a snapshot that the server has; "" when it has none of this name. `collection` "": a full one."""
    home = f"/collections/{quote(collection, safe='')}" if collection else ""
    with talk(endpoint, 10) as server:
        found = server.get(f"{home}/snapshots")
    told = [str(one.get("checksum") or "") for one in found or () if one.get("name") == name]
    return told[0] if told else ""


def refused(endpoint: QdrantEndpoint) -> Problem:
    """Return the problem of a wrong or missing key."""
    given = "the API key given is not its own" if endpoint.api_key else "it wants an API key and none was given"
    return Problem(
        f"cannot read from Qdrant at {endpoint.url}", given, "the key is QDRANT__SERVICE__API_KEY of the server"
    )


def unreachable(endpoint: QdrantEndpoint, why: str) -> Problem:
    """Return the problem of a server that does not answer."""
    return Problem(f"cannot reach Qdrant at {endpoint.url}", why, "is it running, and is this its address?")
