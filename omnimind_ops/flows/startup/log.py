"""logs/startup_detailed.log: every event of every start, with its time; rotated at 5 MB, three old files are kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from omnimind_ops.model.event import Event, Progress, Tell
from omnimind_ops.model.event_json import data_of
from omnimind_ops.runner.events import redacted

NAME = "startup_detailed.log"
BYTES, OLD = 5_000_000, 3


class StartLog:
    """Writes events to the file and passes them on. A write error does not stop the start."""

    def __init__(
        self, folder: Path, tell: Tell, *, now: Callable[[], float] = time.monotonic, limit: int = BYTES
    ) -> None:
        self.file, self._tell, self._now, self._began, self._limit = folder / NAME, tell, now, now(), limit
        self._lock = threading.Lock()

    def tell(self, event: Event) -> None:
        """Write an event without its secrets and pass it on; safe from any thread."""
        event = redacted(event)
        if not isinstance(event, Progress):
            with self._lock:
                self._write(event)
        self._tell(event)

    def _write(self, event: Event) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        fields = data_of(event)
        data = f" {json.dumps(fields, default=str, ensure_ascii=False)}" if fields else ""
        text = f"{at} +{self._now() - self._began:.3f} s {event.kind} {event.step or '-'} {event.text}{data}"
        try:
            if self.file.exists() and self.file.stat().st_size > self._limit:
                self._rotate()
            with self.file.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError:
            return

    def _rotate(self) -> None:
        for number in range(OLD, 0, -1):
            newer = self.file.with_name(f"{NAME}.{number - 1}") if number > 1 else self.file
            if newer.exists():
                newer.replace(self.file.with_name(f"{NAME}.{number}"))
