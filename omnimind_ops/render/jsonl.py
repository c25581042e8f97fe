"""`--json`: every event and every result as one JSON object per line on stdout, nothing else there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TextIO

from omnimind_ops.model.event import Event, Progress, Result
from omnimind_ops.model.event_json import write
from omnimind_ops.model.json import JSON

PROGRESS_SECONDS = 0.2


def json_line(event: Event, at: datetime | None = None) -> str:
    """Return an event as one line of JSON: {"kind", "text", "step", "data"}, and "at" (UTC ISO 8601) if given."""
    body: dict[str, JSON] = {"at": at.isoformat(timespec="milliseconds")} if at else {}
    return json.dumps(body | write(event), ensure_ascii=False, default=str)


class JsonLines:
    """Writes each event at once; progress at most five times a second per step, its end always."""

    def __init__(self, file: TextIO, *, now: Callable[[], float] = time.monotonic) -> None:
        self.file, self.now = file, now
        self._lock = threading.Lock()
        self._written: dict[str, float] = {}

    def tell(self, event: Event) -> None:
        """Write one event."""
        with self._lock:
            if isinstance(event, Progress) and not self._due(event):
                return
            self.file.write(json_line(event, datetime.now(UTC)) + "\n")
            self.file.flush()

    def result(self, text: str, data: Mapping[str, JSON], /) -> None:
        """Write the result."""
        self.tell(Result(text, data))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def _due(self, event: Progress) -> bool:
        now = self.now()
        ended = event.done == event.total
        if not ended and now - self._written.get(event.step, float("-inf")) < PROGRESS_SECONDS:
            return False
        self._written[event.step] = now
        return True
