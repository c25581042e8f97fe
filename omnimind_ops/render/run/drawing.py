"""Draw a Board as lines of text that fit a width and a height.

Pure: the same board, width and time give the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from omnimind_ops.model.status import RunState, Status
from omnimind_ops.render.format import amount, clock, done_of, duration
from omnimind_ops.render.run.board import AT_WORK, Board, Row
from omnimind_ops.render.sheet import Sheet

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
ICONS = {Status.TODO: "·", Status.DONE: "✔", Status.FAILED: "✘", Status.UNDONE: "↩", Status.HELD: "–"}
PLAIN_SPINNER = "|/-\\"
PLAIN_ICONS = {Status.TODO: ".", Status.DONE: "+", Status.FAILED: "x", Status.UNDONE: "<", Status.HELD: "="}
STYLES = {
    Status.TODO: "dim",
    Status.DONE: "green",
    Status.FAILED: "bold red",
    Status.UNDONE: "yellow",
    Status.HELD: "dim",
}
STATES = {
    RunState.RUNNING: "cyan",
    RunState.UNCONFIRMED: "green",
    RunState.CONFIRMED: "green",
    RunState.POSTPONED: "cyan",
    RunState.ROLLING_BACK: "yellow",
    RunState.ROLLED_BACK: "yellow",
    RunState.FAILED: "bold red",
}
_QUIET = frozenset({Status.TODO, Status.UNDONE, Status.HELD})
_OVER = frozenset({Status.DONE, Status.UNDONE, Status.HELD})
_BAR = 26


def live(board: Board, sheet: Sheet) -> list[Text]:
    """Return the view of a run in progress, at most `height` lines: finished and future phases have one line each."""
    top = [header(board, sheet)]
    notes = [_cut(Text.assemble(("! ", "bold yellow"), (text, "yellow")), "", sheet) for text in board.warnings[-2:]]
    current = board.rows[board.current].phase if board.current in board.rows else next(iter(board.phases), "")
    heads = {name: _phase(name, rows, sheet) for name, rows in board.phases.items()}
    room = sheet.height - len(top) - len(notes) - len(heads) - 1  # the last line stays free: the cursor is there
    body: list[Text] = []
    for name, rows in board.phases.items():
        body.append(heads[name])
        if name == current:
            body += _window(rows, board.current, max(room, 3), sheet)
    return (top + body + notes)[: max(sheet.height - 1, 4)]


def final(board: Board, sheet: Sheet) -> list[Text]:
    """Return what stays in the scrollback: every step that ran, under its phase."""
    lines = [header(board, sheet)]
    for name, rows in board.phases.items():
        lines.append(_phase(name, rows, sheet))
        if any(row.problem or row.status not in _QUIET for row in rows):
            for row in rows:
                lines.append(_row(row, sheet))
                lines += _problem(row, sheet)
    lines += [_cut(Text.assemble(("! ", "bold yellow"), (text, "yellow")), "", sheet) for text in board.warnings]
    return lines


def header(board: Board, sheet: Sheet) -> Text:
    """Return run and state, with the clocks at the right."""
    left = Text.assemble((board.name or "omnimind", "bold"), " ", (board.run, "dim"))
    if board.state:
        left.append(f"  {board.state}", STATES.get(board.state, ""))
    right = Text()
    if board.downtime is not None:
        over = board.cutover_ended is not None
        right.append(f"downtime {clock(board.downtime)}", "" if over else "bold magenta")
        right.append("   ")
    right.append(clock(board.elapsed), "dim")
    return _cut(left, right, sheet)


def _phase(name: str, rows: Sequence[Row], sheet: Sheet) -> Text:
    """Return a phase's own line: result, number of steps, duration."""
    icon, style = _icon(_worst(rows), sheet)
    touched = any(row.status is not Status.TODO for row in rows)
    took = sum(row.seconds or 0 for row in rows)
    left = Text.assemble((icon, style), " ", (name, "bold" if touched else "dim"), "  ", (_count_of(rows), "dim"))
    return _cut(left, Text(duration(took) if took else "", "dim"), sheet)


def _count_of(rows: Sequence[Row]) -> str:
    """Return the counts of a phase's steps: `3 of 9`, `9 steps`, `7 undone, 2 kept`."""
    number = {status: sum(row.status is status for row in rows) for status in Status}
    if number[Status.UNDONE] or number[Status.HELD]:
        labels = {Status.DONE: "still done", Status.UNDONE: "undone", Status.HELD: "kept"}
        parts = [f"{number[status]} {label}" for status, label in labels.items() if number[status]]
        stuck = sum(row.status is Status.UNDOING and not _at_work(row) for row in rows)
        return ", ".join([*parts, f"{stuck} NOT undone"] if stuck else parts)
    if 0 < number[Status.DONE] < len(rows) or any(row.status in AT_WORK for row in rows):
        return f"{number[Status.DONE]} of {len(rows)}"
    return f"{len(rows)} step{'' if len(rows) == 1 else 's'}"


def _worst(rows: Sequence[Row]) -> Status:
    """Return the most significant status of a phase."""
    statuses = {row.status for row in rows}
    for row in rows:
        if _at_work(row):
            return row.status
    if Status.FAILED in statuses or statuses & AT_WORK:  # no longer in progress: its undo failed
        return Status.FAILED
    for status in (Status.UNDONE, Status.HELD):
        if status in statuses and Status.DONE not in statuses:
            return status
    return Status.DONE if statuses <= _OVER else Status.TODO


def _window(rows: Sequence[Row], current: str, room: int, sheet: Sheet) -> list[Text]:
    """Return the rows of the current phase around the current one; rows that do not fit are counted."""
    blocks = [[_row(row, sheet), *_problem(row, sheet), *_work(row, sheet)] for row in rows]
    if sum(map(len, blocks)) <= room:
        return [line for block in blocks for line in block]
    room -= 2  # for the two counts
    at = next((n for n, row in enumerate(rows) if row.id == current), 0)
    first, last, used = at, at + 1, len(blocks[at])
    while True:  # grow down first: the next steps are more informative than the past ones
        if last < len(rows) and used + len(blocks[last]) <= room and (last - at) <= 2 * (at - first) + 2:
            used, last = used + len(blocks[last]), last + 1
        elif first > 0 and used + len(blocks[first - 1]) <= room:
            used, first = used + len(blocks[first - 1]), first - 1
        elif last < len(rows) and used + len(blocks[last]) <= room:
            used, last = used + len(blocks[last]), last + 1
        else:
            break
    lines = [_count(first, "before", sheet)] if first else []
    lines += [line for block in blocks[first:last] for line in block]
    return lines + ([_count(len(rows) - last, "more", sheet)] if last < len(rows) else [])


def _count(number: int, position: str, sheet: Sheet) -> Text:
    return _cut(Text(f"    {'...' if sheet.ascii else '…'} {number} {position}", "dim"), "", sheet)


def _row(row: Row, sheet: Sheet) -> Text:
    icon, style = _icon(row.status, sheet, stuck=row.seconds is not None)
    title = (
        "bold"
        if _at_work(row)
        else "red"
        if row.problem and row.status is not Status.UNDONE
        else "dim"
        if row.status is Status.TODO
        else ""
    )
    took = sheet.at - row.began if _at_work(row) and row.began is not None else row.seconds
    left = Text.assemble("  ", (icon, style), " ", (row.title, title))
    if row.status is Status.DONE and not row.changed:
        left.append("  nothing to change", "dim")
    return _cut(left, Text("" if row.status is Status.TODO else duration(took), "dim"), sheet)


def _problem(row: Row, sheet: Sheet) -> list[Text]:
    if not row.problem:
        return []
    text = Text(row.problem.splitlines()[0], "red")
    return [_cut(Text("    ").append_text(text), "", sheet)]


def _work(row: Row, sheet: Sheet) -> list[Text]:
    """Return the lines below a step in progress: its bar and its last line of detail."""
    if not _at_work(row):
        return []
    lines = [_bar(row, sheet)] if row.progress else []
    return lines + ([_cut(Text(f"    {row.detail.splitlines()[0]}", "dim"), "", sheet)] if row.detail else [])


def _bar(row: Row, sheet: Sheet) -> Text:
    progress = row.progress
    assert progress is not None
    text = Text("    ")
    full, empty = ("#", "-") if sheet.ascii else ("━", "─")
    if progress.fraction is not None:
        cells = round(progress.fraction * _BAR)
        text.append(full * cells, "cyan").append(empty * (_BAR - cells), "dim")
        text.append(f" {int(progress.fraction * 100):3}%  ", "bold")
    text.append(done_of(progress.done, progress.total, progress.unit))
    if (stalled := progress.stalled(sheet.at)) is not None:
        return _cut(text.append(f"  no progress for {duration(stalled)}", "yellow"), "", sheet)
    if progress.rate is not None:
        text.append(f"  {amount(progress.rate, progress.unit)}/s", "dim")
    if (left := progress.seconds_left()) is not None:
        text.append(f"  {duration(max(1.0, round(left)))} left".replace(".0 s", " s"))
    return _cut(text, "", sheet)


def _at_work(row: Row) -> bool:
    return row.status in AT_WORK and row.seconds is None


def _icon(status: Status, sheet: Sheet, *, stuck: bool = False) -> tuple[str, str]:
    if stuck and status is Status.UNDOING:
        status = Status.FAILED
    if status in AT_WORK:
        frames = PLAIN_SPINNER if sheet.ascii else SPINNER
        return frames[int(sheet.at * 8) % len(frames)], "yellow" if status is Status.UNDOING else "cyan"
    return (PLAIN_ICONS if sheet.ascii else ICONS)[status], STYLES[status]


def _cut(left: Text, right: Text | str, sheet: Sheet) -> Text:
    """Return one line: left, cut with an ellipsis if necessary, and right at the right edge."""
    end = Text(right) if isinstance(right, str) else right
    line = left.copy()
    line.truncate(
        sheet.width - (end.cell_len + 2 if end.cell_len else 0),
        overflow="ellipsis" if not sheet.ascii else "crop",
        pad=bool(end.cell_len),
    )
    if end.cell_len:
        line.append("  ").append_text(end)
    line.no_wrap = True
    return line
