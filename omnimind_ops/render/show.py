"""Show: the common protocol of the live view, the plain lines and the JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from omnimind_ops.model.event import Event
from omnimind_ops.model.json import JSON


class Show(Protocol):
    """A view of a run; used as a context manager. `tell` may be called from any thread."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def tell(self, event: Event) -> None: ...
    def result(self, text: str, data: Mapping[str, JSON], /) -> None: ...  # the command's result, on stdout
