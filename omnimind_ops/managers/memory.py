"""Memory of a process and its children, without counting shared memory twice."""

from __future__ import annotations

from pathlib import Path

PARTS = ("RssAnon", "RssFile", "RssShmem")


def memory(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return bytes: the sum of private memory, plus the largest shared parts (program text, shared buffers).

    None if the process is gone.
    """
    usages = [parts for process in (pid, *_descendants(pid, proc)) if (parts := _read(process, proc))]
    if not usages:
        return None
    private = sum(usage[0] for usage in usages)
    return private + max(usage[1] for usage in usages) + max(usage[2] for usage in usages)


def _descendants(pid: int, proc: Path) -> tuple[int, ...]:
    """Return all descendants: each thread of a process has its own children."""
    try:
        files = [task / "children" for task in (proc / str(pid) / "task").iterdir()]
        children = [int(word) for file in files for word in file.read_text().split()]
    except (OSError, ValueError):
        return ()
    return tuple(pid for child in children for pid in (child, *_descendants(child, proc)))


def _read(pid: int, proc: Path) -> tuple[int, int, int] | None:
    try:
        text = (proc / str(pid) / "status").read_text()
    except OSError:
        return None
    values = {
        key: value.split()[0] for key, _, value in (line.partition(":") for line in text.splitlines()) if key in PARTS
    }
    anon, file, shared = (int(values.get(part, "0")) * 1024 for part in PARTS)
    return anon, file, shared
