"""Exceptions of client libraries that mean a store is unavailable.

Nothing is imported here: a library that is not loaded cannot have raised.
"""

from __future__ import annotations

import sys

from backend.http.errors import ApiProblem, unavailable

_SERVICES = {
    "psycopg": ("PostgreSQL", ("OperationalError", "InterfaceError")),
    "redis.exceptions": (
        "Redis",
        ("ConnectionError", "TimeoutError", "BusyLoadingError", "ReadOnlyError", "OutOfMemoryError"),
    ),
    "httpx": ("a store", ("TransportError",)),
}
_WRITES_REFUSED = ("OOM ", "MISCONF ", "LOADING ")


def translate(error: BaseException) -> ApiProblem | None:
    """Return the problem for the response, None for an internal error.

    A problem raised outside a route is returned unchanged.
    """
    if isinstance(error, ApiProblem):
        return error
    for module, (service, names) in _SERVICES.items():
        classes = tuple(getattr(sys.modules[module], name) for name in names) if module in sys.modules else ()
        if isinstance(error, classes):
            return unavailable(service)
    if _is(error, "redis.exceptions", "ResponseError") and str(error).startswith(_WRITES_REFUSED):
        return unavailable("Redis", "it does not accept writes at the moment")
    if _is(error, "psycopg", "DataError"):
        return ApiProblem(
            422,
            "a value cannot be stored",
            "a text contains a NUL character, or a number is out of range",
            fix="remove it",
        )
    if _is(error, "psycopg.errors", "UndefinedTable"):
        return unavailable(
            "PostgreSQL", "the tables are missing: python -m backend.migrations creates them", seconds=30
        )
    return None


def _is(error: BaseException, module: str, name: str) -> bool:
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))
