"""The innermost middleware: turns unhandled exceptions into problems.

A store that does not answer gives 503. Anything else is an internal error: a 500 whose id is in the log.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.http import faults, log
from backend.http.errors import ApiProblem
from backend.http.middleware.body_limit import BodyRefused
from backend.http.middleware.refusal import refuse


class Exceptions:
    """Turns every exception into a problem.

    The exception's text never reaches the caller, because it may contain a connection string or user data.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_response_started = False

        async def sender(message: Message) -> None:
            nonlocal is_response_started
            is_response_started = True
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except BodyRefused:
            raise
        except ClientDisconnect:
            return  # the client is gone
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
            if not is_response_started:
                await refuse(scope, send, problem or _internal_error(scope["omnimind.id"]))
            elif scope["type"] == "http":
                raise _Broken from None  # half the response is sent: only a broken connection can signal the failure


class _Broken(Exception):  # noqa: N818 has no message on purpose: the failure is already logged
    pass


def _internal_error(id_: str) -> ApiProblem:
    return ApiProblem(
        500,
        "unexpected error",
        "this is a server error",
        fix=f"find {id_} in the backend's log and report it",
        more={"id": id_},
    )
