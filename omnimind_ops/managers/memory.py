"""How much memory a process and its children take, without counting twice what they share."""

from __future__ import annotations

from pathlib import Path

PARTS = ("RssAnon", "RssFile", "RssShmem")


def memory(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return bytes: what is each one's own, summed, and the largest of what may be shared (program text, shared
    buffers). None: it is gone.
    """
    found = [parts for one in (pid, *_below(pid, proc)) if (parts := _read(one, proc))]
    if not found:
        return None
    return sum(one[0] for one in found) + max(one[1] for one in found) + max(one[2] for one in found)


def _below(pid: int, proc: Path) -> tuple[int, ...]:
    """Return all descendants: a process' threads each have children of their own."""
    try:
        files = [task / "children" for task in (proc / str(pid) / "task").iterdir()]
        children = [int(word) for file in files for word in file.read_text().split()]
    except (OSError, ValueError):
        return ()
    return tuple(one for child in children for one in (child, *_below(child, proc)))


def _read(pid: int, proc: Path) -> tuple[int, int, int] | None:
    try:
        text = (proc / str(pid) / "status").read_text()
    except OSError:
        return None
    words = {
        key: value.split()[0] for key, _, value in (line.partition(":") for line in text.splitlines()) if key in PARTS
    }
    anon, file, shared = (int(words.get(part, "0")) * 1024 for part in PARTS)
    return anon, file, shared
