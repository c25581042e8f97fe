"""Errors as the real server words them, and the engine's exceptions turned into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class ApiError(Exception):
    """A request that is answered with `status` and `text` in Qdrant's error envelope."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def wrong_input(text: str) -> ApiError:
    """400: the request cannot be carried out as asked."""
    return ApiError(400, f"Wrong input: {text}")


def bad_request(text: str) -> ApiError:
    """400: the request makes no sense."""
    return ApiError(400, f"Bad request: {text}")


def invalid(what: str, broken: Iterable[tuple[str, str]]) -> ApiError:
    """422: fields of the right type with values out of bounds."""
    listed = "; ".join(f"{name}: {text}" for name, text in broken)
    return ApiError(422, f"Validation error in {what}: [{listed}]")


def not_found(text: str) -> ApiError:
    """404: something the request names is not there."""
    return ApiError(404, f"Not found: {text}")


def no_collection(name: str) -> ApiError:
    """404 for a collection or alias."""
    return not_found(f"Collection `{name}` doesn't exist!")


def conflict(text: str) -> ApiError:
    """409: a thing of that name is already there."""
    return ApiError(409, f"Wrong input: {text}")


def no_inference() -> ApiError:
    """500: the request has a text or an image, and there is no model to turn it into a vector."""
    text = (
        "InferenceService is not initialized. "
        "Please check if it was properly configured and initialized during startup."
    )
    return ApiError(500, f"Service internal error: {text}")


def unsupported(feature: str) -> ApiError:
    """501: the real server can, this stand-in cannot."""
    return ApiError(501, f"Not supported by this stand-in for Qdrant: {feature}")


_OUR_FAULT = ("os error", "IO Error", "Service internal", "No space", "Can't init WAL", "Service runtime", "Corrupted")


def engine_error(text: str) -> ApiError:
    """The engine raises plain `Exception` for everything, so its text decides whose fault it was."""
    if text.startswith("No point with id"):
        return not_found(f"{text} found")
    if any(word in text for word in _OUR_FAULT):
        return ApiError(500, f"Service internal error: {text}")
    return wrong_input(text)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Around calls into the engine: its exceptions become ApiErrors, a panic (a BaseException) too."""
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
    """Around JSON to engine conversion: what does not fit is the caller's mistake."""
    try:
        yield
    except KeyError as error:
        raise ApiError(400, f"Format error in JSON body: missing field `{error.args[0]}`") from error
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ApiError(400, f"Format error in JSON body: {str(error).splitlines()[0]}") from error
