"""Errors with the real server's texts, and the mapping of the engine's exceptions to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class ApiError(Exception):
    """An error response with `status` and `text` in Qdrant's error envelope."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def wrong_input(text: str) -> ApiError:
    """Return 400: the request cannot be carried out."""
    return ApiError(400, f"Wrong input: {text}")


def bad_request(text: str) -> ApiError:
    """Return 400: the request is invalid."""
    return ApiError(400, f"Bad request: {text}")


def invalid(what: str, broken: Iterable[tuple[str, str]]) -> ApiError:
    """Return 422: fields of the right type with values out of bounds."""
    listed = "; ".join(f"{name}: {text}" for name, text in broken)
    return ApiError(422, f"Validation error in {what}: [{listed}]")


def not_found(text: str) -> ApiError:
    """Return 404: something named in the request does not exist."""
    return ApiError(404, f"Not found: {text}")


def no_collection(name: str) -> ApiError:
    """Return 404 for a collection or alias."""
    return not_found(f"Collection `{name}` doesn't exist!")


def conflict(text: str) -> ApiError:
    """Return 409: the name already exists."""
    return ApiError(409, f"Wrong input: {text}")


def no_inference() -> ApiError:
    """Return 500: the request has a text or an image, and there is no model to turn it into a vector."""
    text = (
        "InferenceService is not initialized. "
        "Please check if it was properly configured and initialized during startup."
    )
    return ApiError(500, f"Service internal error: {text}")


def unsupported(feature: str) -> ApiError:
    """Return 501: the real server supports this, the stand-in does not."""
    return ApiError(501, f"Not supported by this stand-in for Qdrant: {feature}")


_OUR_FAULT = ("os error", "IO Error", "Service internal", "No space", "Can't init WAL", "Service runtime", "Corrupted")


def engine_error(text: str) -> ApiError:
    """Return the error for an engine exception. The engine raises plain `Exception` for everything, so its text decides
    the status.
    """
    if text.startswith("No point with id"):
        return not_found(f"{text} found")
    if any(word in text for word in _OUR_FAULT):
        return ApiError(500, f"Service internal error: {text}")
    return wrong_input(text)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn exceptions of the engine into ApiErrors during the block, including a panic (a BaseException)."""
    try:
        yield
    except ApiError:
        raise
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise engine_error(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ApiError(500, f"Service internal error: the engine panicked: {error}") from error


@contextmanager
def json_errors() -> Iterator[None]:
    """Turn errors of JSON to engine conversion into client errors during the block."""
    try:
        yield
    except KeyError as error:
        raise ApiError(400, f"Format error in JSON body: missing field `{error.args[0]}`") from error
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ApiError(400, f"Format error in JSON body: {str(error).splitlines()[0]}") from error
