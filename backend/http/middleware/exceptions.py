"""Innermost: an exception that nobody handled becomes a problem.

A store that does not answer is a 503; anything else is ours, a 500 whose id is in the log.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http import faults, log
from backend.http.errors import ApiProblem
from backend.http.middleware.body_limit import Refused
from backend.http.middleware.refusal import refuse


class Exceptions:
    """Nothing that an exception says reaches a caller: it may hold a connection string or a person's text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_answered = False

        async def sender(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except Refused:
            raise
        except ClientDisconnect:
            return  # nobody is there to answer
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            problem = faults.translate(error)
            log.failure(
                "unavailable" if problem else "unexpected error",
                error,
                id=scope.get("omnimind.id"),
                path=scope["path"],
                with_trace=problem is None,
            )
            if not is_answered:
                await refuse(scope, send, problem or _ours(scope["omnimind.id"]))
            elif scope["type"] == "http":
                raise _Broken from None  # half an answer is out: only a broken connection tells the caller so


class _Broken(Exception):  # noqa: N818 says nothing on purpose: it is logged already
    pass


def _ours(id_: str) -> ApiProblem:
    return ApiProblem(
        500,
        "unexpected error",
        "this is a fault of the server",
        fix=f"look for {id_} in the backend's log and report it",
        more={"id": id_},
    )
