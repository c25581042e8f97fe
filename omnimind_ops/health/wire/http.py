"""One HTTP question over a fresh connection, TCP or unix socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnimind_ops.health.wire.link import Link

Address = tuple[str, int] | str


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body read as JSON, None when it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def words(self) -> str:
        """Return the status and how the body begins, on one line."""
        return f"HTTP {self.status} {' '.join(self.body[:200].decode(errors='replace').split())}".strip()


def ask(
    address: Address,
    seconds: float,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> Answer:
    """Ask; `body` is sent as JSON. HTTP/1.0: the answer comes in one piece and the connection ends with it."""
    data = b"" if body is None else json.dumps(body).encode()
    said = {
        "Host": "localhost",
        "Content-Length": str(len(data)),
        **({"Content-Type": "application/json"} if data else {}),
        **(headers or {}),
    }
    head = "\r\n".join([f"{method} {path} HTTP/1.0", *(f"{name}: {value}" for name, value in said.items()), "", ""])
    with Link(address, seconds) as link:
        link.send(head.encode() + data)
        status, *lines = link.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        found = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = found.get("content-length", "")
        content = link.exactly(int(length)) if length.isdigit() and method != "HEAD" else link.all()
    number = status.split(" ")[1] if " " in status else ""
    return Answer(int(number) if number.isdigit() else 0, found, content)
