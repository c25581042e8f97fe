"""Connect to a Qdrant server with qdrant-client. Every failure of every call is a Problem.

qdrant-client is imported when the first connection opens: it takes half a second and 80 MB, which `--help`, `health`
and `status` do not need.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from omnimind_ops.model.problem import Problem

if TYPE_CHECKING:
    import httpx
    from qdrant_client import QdrantClient

TIMEOUT = 120.0
"""Seconds per response: an exact query reads every vector, which takes time on a disk with a cold cache."""
_SUCCESS = (200, 201, 202)
STRICT = b" Help: "
"""In each refusal by a collection's strict mode, some of which have the status of a missing key."""


@dataclass(frozen=True)
class QdrantEndpoint:
    """Address of a server, e.g. "http://127.0.0.1:6333", and its API key if it requires one."""

    url: str
    api_key: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request.

        The client's own `api_key` option warns about plain HTTP, but the server is on a loopback address.
        """
        return {"api-key": self.api_key} if self.api_key else {}


class ResponseProblem(Problem):
    """The server responded, but not with the requested data; `status` is the HTTP status."""

    def __init__(self, endpoint: QdrantEndpoint, request: str, status: int, response: object) -> None:
        detail = response.get("status", response) if isinstance(response, dict) else response
        text = detail.get("error", detail) if isinstance(detail, dict) else detail
        super().__init__(
            f"cannot read from Qdrant at {endpoint.url}",
            f"{request}: status {status}: {text}",
            "read the server's log, and check that this is a Qdrant server",
        )
        self.status = status


@contextmanager
def connect(endpoint: QdrantEndpoint, timeout: float = TIMEOUT) -> Iterator[QdrantClient]:
    """Open a client for the block; `timeout` is in seconds per response. Proxies of the environment are not used."""
    from qdrant_client import QdrantClient
    from qdrant_client.http.exceptions import ResponseHandlingException

    client = QdrantClient(
        url=endpoint.url,
        headers=endpoint.headers,
        timeout=math.ceil(timeout),
        check_compatibility=False,  # the user's container may have any version
        trust_env=False,
    )
    client.http.client.add_middleware(_problem_middleware(endpoint))
    try:
        yield client
    except (ResponseHandlingException, json.JSONDecodeError) as error:
        raise ResponseProblem(endpoint, "unexpected response", 200, f"not a Qdrant response: {error}") from error
    finally:
        client.close()


def request_json(
    client: QdrantClient, method: str, path: str, name: str, body: Mapping[str, object] | None = None
) -> Any:
    """Return the `result` of a request as the server sends it, including fields that this client does not know.

    `{name}` in `path` stands for `name`.
    """
    response = client.http.client.request(
        type_=dict[str, Any], method=method, url=path, path_params={"name": name}, json=body
    )
    return response.get("result", response)


def collection_info(client: QdrantClient, name: str) -> Mapping[str, Any]:
    """Return status, counts, configuration and payload indexes of a collection as the server sends them."""
    info: Mapping[str, Any] = request_json(client, "GET", "/collections/{name}", name)
    return info


def _problem_middleware(endpoint: QdrantEndpoint) -> Callable[..., httpx.Response]:
    """Return the middleware that turns errors into Problems."""
    from qdrant_client.http.exceptions import ResponseHandlingException

    def middleware(request: httpx.Request, send: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        try:
            response = send(request)
        except ResponseHandlingException as error:
            raise unreachable(endpoint, str(error.source) or type(error.source).__name__) from error
        return check_response(endpoint, request, response)

    return middleware


def check_response(endpoint: QdrantEndpoint, request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Return the response if it is a valid one from Qdrant; otherwise raise a Problem that describes it."""
    if response.status_code in (401, 403) and STRICT not in response.content:
        raise unauthorized(endpoint)
    if response.status_code in _SUCCESS and response.content[:1] == b"{":  # pages of points are large: parse them once
        return response
    try:
        body = orjson.loads(response.content)
    except ValueError:
        body = response.text[:200]
    raise ResponseProblem(endpoint, f"{request.method} {request.url.path}", response.status_code, body)


class UnauthorizedProblem(Problem):
    """The server refuses the key, or wants one."""


def unauthorized(endpoint: QdrantEndpoint) -> Problem:
    """Return the Problem for a wrong or missing key."""
    why = "it refuses the API key" if endpoint.api_key else "it requires an API key, and omnimind has none"
    return UnauthorizedProblem(
        f"cannot read from Qdrant at {endpoint.url}", why, "use the value of QDRANT__SERVICE__API_KEY of the server"
    )


def unreachable(endpoint: QdrantEndpoint, why: str) -> Problem:
    """Return the Problem for a server that does not answer."""
    return Problem(f"cannot reach Qdrant at {endpoint.url}", why, "check that it runs and that the address is correct")
