"""The live view: what a person reads at each moment of a run, on a terminal of 80 × 24."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from omnimind_ops.model.event import (
    Event,
    RunEnded,
    RunStarted,
    StepChanged,
    StepProblem,
    StepState,
    line,
    progress,
    warning,
)
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render.run.board import Board
from omnimind_ops.render.run.drawing import final, live
from omnimind_ops.render.run.live import Live
from omnimind_ops.render.sheet import Sheet

PHASES = (("install", 12), ("warm", 2), ("cutover", 10), ("verify", 1))


@dataclass
class Story:
    """A run of 25 steps, told event by event; the clock goes on by one second with each."""

    at: float = 100.0
    board: Board = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board(lambda: self.at)
        self.state(RunState.RUNNING)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Return every step's id and phase."""
        return [(f"{phase}-{n}", phase) for phase, number in PHASES for n in range(number)]

    def tell(self, event: Event) -> None:
        """Tell, and let a second pass."""
        self.board.update(event)
        self.at += 1

    def state(self, state: RunState) -> None:
        """Tell how far the run got."""
        steps = tuple(StepState(id, f"title of {id}", phase) for id, phase in self.steps)
        self.tell(RunStarted("run", "migrate", state, steps, "20261123-104501-migrate"))

    def mark(self, id: str, status: Status, seconds: float | None = None, changed: bool | None = None) -> None:
        """Tell a step's status."""
        self.tell(StepChanged(id, f"title of {id}", status, id.split("-")[0], seconds, changed))

    def until(self, last: str) -> None:
        """Do every step before `last`, and start that one."""
        for id, _ in self.steps:
            if self.board.rows[id].status is Status.TODO:
                self.mark(id, Status.DOING)
                if id == last:
                    return
                self.mark(id, Status.DONE, seconds=1.0, changed=True)

    def read(self, width: int = 80, height: int = 24, *, ascii: bool = False) -> list[str]:
        """Return the live view as plain lines."""
        return [text.plain for text in live(self.board, Sheet(width, height, self.at, ascii))]


def test_a_step_at_work_shows_bar_rate_time_left_and_its_last_line() -> None:
    """And finished phases are one line."""
    story = Story()
    story.until("warm-1")
    for second in range(5):
        story.tell(progress("warm-1", f"segments/{second}", second * 100_000_000, 2_000_000_000))
    view = story.read()
    assert view[0].startswith("migrate 20261123-104501-migrate  running")
    assert view[1].startswith("✔ install  12 steps")
    assert view[1].endswith("12 s")
    at = next(n for n, text in enumerate(view) if "title of warm-1" in text)
    assert "  20%  400 MB of 2.0 GB  100 MB/s  16 s left" in view[at + 1]
    assert view[at + 1].count("━") == 5
    assert view[at + 2].strip() == "segments/4"
    assert view[at].endswith("6.0 s")
    assert view[-2].strip() == "· cutover  10 steps"


def test_every_moment_of_25_steps_fits_80_by_24() -> None:
    """With bars, problems, long texts and warnings; and half of that height too."""
    story = Story()
    moments = 0
    for id, _ in story.steps:
        story.mark(id, Status.DOING)
        story.tell(progress(id, "x" * 300, 5, 10))
        for width, height in ((80, 24), (80, 12), (40, 24), (200, 60)):
            view = story.read(width, height)
            assert len(view) < height
            assert max(map(len, view)) <= width
            assert any(f"title of {id}" in text for text in view), f"{id} is not on a screen of {height}"
            moments += 1
        story.tell(warning("y" * 300))
        story.mark(id, Status.DONE, seconds=1.0)
    assert moments == 100


def test_the_downtime_clock_runs_from_cutover_to_its_end() -> None:
    """Not before, and it stands still after."""
    story = Story()
    story.until("cutover-0")
    assert "downtime 0:01" in story.read()[0]
    story.at += 41
    assert "downtime 0:42" in story.read()[0]
    story.until("verify-0")
    stopped = story.board.downtime
    story.at += 100
    assert story.board.downtime == stopped
    fresh = Story()
    fresh.until("warm-0")
    assert "downtime" not in fresh.read()[0]


def test_a_cutover_that_only_asks_is_no_downtime() -> None:
    board = Board(lambda: 0.0)
    board.update(StepChanged("ask-again", "check again", Status.DOING, "cutover"))
    assert board.downtime is None
    board.update(StepChanged("arm-timer", "set the timer", Status.DOING, "cutover"))
    assert board.downtime == 0


def test_a_run_that_goes_back_names_what_failed_and_what_is_back() -> None:
    """Also what could not be undone."""
    story = Story()
    story.until("cutover-2")
    story.tell(StepProblem("cutover-2", "cannot stop backend: boom", "boom", "look", what="cannot stop backend"))
    story.mark("cutover-2", Status.FAILED, seconds=1.0)
    story.state(RunState.ROLLING_BACK)
    story.mark("cutover-2", Status.UNDOING)
    story.mark("cutover-2", Status.UNDONE, seconds=0.2)
    story.mark("cutover-1", Status.UNDOING)
    view = "\n".join(story.read())
    assert "rolling back" in view
    assert "↩ title of cutover-2" in view
    assert "cannot stop backend: boom" in view
    assert "1 still done, 1 undone" in view
    story.tell(StepProblem("cutover-1", "cannot start redis: port taken", "port taken", "look", what="cannot start"))
    story.mark("cutover-1", Status.UNDOING, seconds=0.2)
    story.mark("cutover-0", Status.UNDOING)
    story.mark("cutover-0", Status.UNDONE, seconds=0.2)
    story.state(RunState.FAILED)
    last = "\n".join(text.plain for text in final(story.board, Sheet(80, 24, story.at)))
    assert "failed" in last
    assert "✘ cutover  2 undone, 1 NOT undone" in last
    assert "✘ title of cutover-1" in last


def test_nothing_to_change_is_said() -> None:
    """A second run."""
    story = Story()
    story.mark("install-0", Status.DOING)
    story.mark("install-0", Status.DONE, seconds=0.1, changed=False)
    assert any("title of install-0  nothing to change" in text for text in story.read())


def test_a_stall_is_shown_instead_of_a_rate() -> None:
    """Nobody should wait for a dead copy."""
    story = Story()
    story.until("warm-0")
    story.tell(progress("warm-0", "a", 0, 100))
    story.tell(progress("warm-0", "a", 10, 100))
    story.at += 60
    assert any("no progress for 1 min" in text for text in story.read())


def test_a_terminal_without_utf8_gets_ascii() -> None:
    """Ours, at least; titles are what they are."""
    story = Story()
    story.until("warm-1")
    story.tell(progress("warm-1", "x" * 200, 5, 10))
    assert "".join(story.read(ascii=True)).isascii()


def test_a_step_nobody_announced_is_shown() -> None:
    """`converge` tells steps without a run."""
    board = Board(lambda: 0.0)
    board.update(StepChanged("a", "configure redis", Status.DONE, changed=True))
    assert any("configure redis" in text.plain for text in live(board, Sheet(80, 24, 0.0)))


@pytest.mark.parametrize("no_color", [True, False])
def test_the_screen_leaves_a_readable_table_and_honours_no_color(
    no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded from a terminal: after the view ends every step stands in the scrollback."""
    monkeypatch.setenv("TERM", "xterm-256color")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    file = io.StringIO()
    story = Story()
    with Live(Console(file=file, force_terminal=True, width=80, height=24)) as show:
        steps = tuple(StepState(id, f"title of {id}", phase) for id, phase in story.steps)
        show.tell(RunStarted("run", "migrate", RunState.RUNNING, steps, "r"))
        for id, phase in story.steps:
            show.tell(StepChanged(id, id, Status.DOING, phase))
            show.tell(line(id, "detail"))
            show.tell(StepChanged(id, id, Status.DONE, phase, 1.0, changed=True))
        show.tell(RunEnded("run", "migrate", RunState.UNCONFIRMED, "r"))
    text = file.getvalue()
    after = text[text.rindex("unconfirmed") :]
    assert all(f"title of {id}" in after for id, _ in story.steps)
    colours = ("\x1b[32m", "\x1b[36m", "\x1b[2;36m")
    assert any(code in text for code in colours) is not no_color
    assert text.endswith("\n")
    assert text.count("\x1b[?25h") == 1, "the cursor is shown again"
