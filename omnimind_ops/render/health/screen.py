"""The watch screen: the live table with keys, and below it the pane that was opened (logs, why, restart?)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from omnimind_ops.model.health import Report
from omnimind_ops.render.health.table import draw, fit
from omnimind_ops.render.health.why import explain
from omnimind_ops.render.keys import single_keys
from omnimind_ops.render.sheet import Sheet

REFRESH = 0.25
HELP = "q quit · ↑↓ select · l logs · ? why · r restart"
LOG_LINES = 200


@dataclass(frozen=True)
class Actions:
    """Actions of keys: `check` returns a new report, `logs` a service's last lines, `restart` restarts it or raises."""

    check: Callable[[], Report]
    logs: Callable[[str], list[str]]
    restart: Callable[[str], None]


@dataclass
class Screen:
    """What is shown now. `pane`: "" for none, logs, why, restart."""

    actions: Actions
    interval: float
    report: Report | None = None
    taken: float = 0.0
    selected: str = ""
    pane: str = ""
    lines: list[str] = field(default_factory=list)
    status: str = ""  # result of the last action
    error: BaseException | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, console: Console, file: int, is_done: Callable[[Report], bool]) -> Report | None:
        """Show until q, or until `is_done`; return the last report.

        Ctrl-C is a KeyboardInterrupt; the terminal's state is restored.
        """
        checker = threading.Thread(target=self._check, args=(is_done,), daemon=True)
        with (
            single_keys(file) as keys,
            Live(
                console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            ) as live,
        ):
            checker.start()
            try:
                while not self.ended.is_set():
                    live.update(Group(*self.draw(console)), refresh=True)
                    if not self._press(keys.next(REFRESH)):
                        break
            finally:
                self.ended.set()
        if self.error:
            raise self.error
        return self.report

    def draw(self, console: Console) -> list[Text]:
        """Return the screen's lines; never more than fit."""
        width, height = console.size
        sheet = Sheet(width, height, time.monotonic(), ascii=not console.encoding.lower().startswith("utf"))
        if self.report is None:
            return [fit(Text("checking every service …"), sheet)]
        lines = draw(self.report, sheet, self.selected)
        status = [Text(self.status, "yellow")] if self.status and not self.pane else []
        foot = [fit(Text(self._help(), "dim"), sheet)]
        room = max(height - len(lines) - len(foot) - 2, 0)
        body = [fit(line, sheet) for line in (self._body(room) if self.pane else status)]
        return [*lines[: height - 1 - len(foot)], *[Text(), *body[:room]], *foot][:height]

    def _body(self, room: int) -> list[Text]:
        head = {
            "logs": f"{self.selected}: last lines",
            "why": f"{self.selected}: state and cause",
            "restart": f"restart {self.selected}? y/n",
        }[self.pane]
        shown = self.lines[-max(room - 1, 1) :] if self.pane == "logs" else self.lines
        return [Text(head, "bold"), *map(Text, shown)]

    def _help(self) -> str:
        return {"": HELP, "restart": "y restart · n cancel"}.get(self.pane, "esc back · q quit · ↑↓ select")

    def _press(self, key: str) -> bool:
        """Act on a key; return False to end the screen."""
        if self.pane == "restart":
            if key in ("y", "Y"):
                threading.Thread(target=self._restart, args=(self.selected,), daemon=True).start()
            self.pane = self.pane if not key else ""
            return True
        if key in ("q", "Q"):
            return False
        if key in ("up", "down", "k", "j"):
            self._move(-1 if key in ("up", "k") else 1)
        elif key == "escape":
            self.pane, self.status = "", ""
        elif key in ("l", "?", "w", "r") and self.report and self.selected:
            self._open({"l": "logs", "r": "restart"}.get(key, "why"))
        return True

    def _move(self, offset: int) -> None:
        names = [reading.service for reading in self.report.services] if self.report else []
        if names:
            at = names.index(self.selected) if self.selected in names else 0
            self.selected = names[(at + offset) % len(names)]
            if self.pane:
                self._open(self.pane)

    def _open(self, pane: str) -> None:
        self.pane, self.status = pane, ""
        reading = self.report.of(self.selected) if self.report else None
        if pane == "why" and reading and self.report:
            self.lines = explain(self.report, reading)
        elif pane == "logs":
            self.lines = ["…"]
            threading.Thread(target=self._logs, args=(self.selected,), daemon=True).start()
        else:
            self.lines = []

    def _logs(self, service: str) -> None:
        try:
            lines = self.actions.logs(service) or ["no log lines"]
        except Exception as error:  # shown in place of the lines
            lines = [f"cannot read the log: {error}"]
        if self.pane == "logs" and self.selected == service:
            self.lines = lines

    def _restart(self, service: str) -> None:
        self.status = f"restarting {service} …"
        try:
            self.actions.restart(service)
            self.status = f"{service} was restarted"
        except Exception as error:  # any error of the restart; the screen stays open
            self.status = f"cannot restart {service}: {error}"

    def _check(self, is_done: Callable[[Report], bool]) -> None:
        while not self.ended.is_set():
            began = time.monotonic()
            try:
                self.report = self.actions.check()
            except BaseException as error:  # raised by run(), in the main thread
                self.error = error
                self.ended.set()
                return
            self.selected = self.selected or self.report.services[0].service
            if self.pane == "why" and (reading := self.report.of(self.selected)):
                self.lines = explain(self.report, reading)
            if is_done(self.report):
                self.ended.set()
            self.ended.wait(max(0.1, self.interval - (time.monotonic() - began)))
