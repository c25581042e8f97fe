"""Errors as RFC 9457 problem bodies (application/problem+json): title, status, detail, and the next step in `fix`."""

from __future__ import annotations

from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"


class ApiProblem(Exception):  # noqa: N818 shown to a person as a problem
    """An error that a route raises; problems.py turns it into the response body.

    `title` is a short, constant name of the failure. `detail` describes this occurrence and never contains a secret.
    `fix` is what the caller can do. `more` are further members of the body, such as numbers for programs.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        fix: str = "",
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title
        self.detail = detail
        self.fix = fix
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def body(self, instance: str) -> dict[str, object]:
        """Return the members of the problem document."""
        members = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "fix": self.fix,
            "instance": instance,
        }
        return {**{key: value for key, value in members.items() if value != ""}, **self.more}


def unavailable(service: str, detail: str = "", *, seconds: int = 5) -> ApiProblem:
    """Return the 503 for a store or engine that does not answer. The caller may retry after `seconds`."""
    return ApiProblem(
        503,
        f"{service} is not available",
        detail,
        fix=f"try again in {seconds} s",
        headers={"Retry-After": str(seconds)},
        more={"service": service},
    )
