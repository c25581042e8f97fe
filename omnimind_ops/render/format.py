"""Durations, sizes and rates for people."""

from __future__ import annotations

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def duration(seconds: float | None) -> str:
    """Return `0.4 s`, `42 s`, `1 min 42 s`, `2 h 05 min`; "" for None."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    total_seconds = round(seconds)
    if total_seconds < 60:
        return f"{total_seconds} s"
    if total_seconds < 3600:
        return f"{total_seconds // 60} min {total_seconds % 60:02} s"
    return f"{total_seconds // 3600} h {total_seconds % 3600 // 60:02} min"


def clock(seconds: float) -> str:
    """Return `0:42`, `12:05`, `1:02:03`; the width stays the same while it counts."""
    total_seconds = int(max(seconds, 0))
    hours, minutes = divmod(total_seconds // 60, 60)
    return f"{hours}:{minutes:02}:{total_seconds % 60:02}" if hours else f"{minutes}:{total_seconds % 60:02}"


def size(count: float) -> str:
    """Return bytes as `312 B`, `4.1 MB`, `128 GB` (powers of 1000, as disks are sold)."""
    for unit in _SIZES:
        if count < 999.5 or unit == _SIZES[-1]:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def amount(count: float, unit: str) -> str:
    """Return a size for unit B, else `12 345 points`."""
    return size(count) if unit == "B" else f"{count:,.0f}".replace(",", " ") + f" {unit}"


def done_of(done: int, total: int | None, unit: str) -> str:
    """Return `1.2 of 2.0 GB`, `120 of 500 keys`, `3.1 GB` when the total is unknown."""
    if total is None:
        return amount(done, unit)
    done_text, total_text = amount(done, unit), amount(total, unit)
    number, _, name = done_text.rpartition(" ")
    return f"{number if total_text.endswith(f' {name}') else done_text} of {total_text}"
