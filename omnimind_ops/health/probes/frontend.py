"""Probe of the frontend: request the page."""

from __future__ import annotations

from http import HTTPStatus

from omnimind_ops.model.health import Outcome
from omnimind_ops.tools import http


def probe(port: int, seconds: float) -> Outcome:
    """Probe the frontend by requesting the page."""
    answer = http.request(("127.0.0.1", port), seconds, "/")
    if answer.status == HTTPStatus.OK and b"<html" in answer.body[:2000].lower():
        return Outcome(True, True, "serves the page")
    return Outcome(False, False, why=f"does not serve the page: {answer.summary}")
