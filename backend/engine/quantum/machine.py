"""RAM available to this process, limited by the machine and by every control group above it."""

from __future__ import annotations

from pathlib import Path

MIB = 1 << 20
MACHINE_RESERVE = 512 * MIB  # left to PostgreSQL, Qdrant, Redis and the six workers
GROUP_RESERVE = 256 * MIB  # left to the embedding in the same unit (MemoryMax)
UNLIMITED = 1 << 60  # cgroup v1 writes 2^63 rounded to pages


def free_ram(root: Path = Path("/")) -> int:
    """Return the bytes of RAM that a circuit may use now, at least 0. `root` is the parent of /proc and /sys."""
    rooms = [_available(root) - MACHINE_RESERVE]
    rooms += [
        room - GROUP_RESERVE
        for folder, limits, used in _groups(root)
        if (room := _room(folder, limits, used)) is not None
    ]
    return max(0, min(rooms))


def _available(root: Path) -> int:
    """Return MemAvailable: what the kernel can provide without swapping."""
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/meminfo has no MemAvailable")


def _groups(root: Path) -> list[tuple[Path, tuple[str, ...], str]]:
    """Return every control group above this process that can limit memory.

    Each is its folder, the files of its limits, and the file of its usage.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    groups: list[tuple[Path, tuple[str, ...], str]] = []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        mount = root / "sys/fs/cgroup"
        # memory.high throttles instead of killing, and would slow the embedding down, so it counts as a limit too.
        files: tuple[tuple[str, ...], str] = (("memory.max", "memory.high"), "memory.current")
        if controllers:
            if "memory" not in controllers.split(","):
                continue
            mount, files = mount / "memory", (("memory.limit_in_bytes",), "memory.usage_in_bytes")
        steps = [part for part in path.split("/") if part and part != ".."]
        groups += [(mount.joinpath(*steps[:depth]), *files) for depth in range(len(steps), -1, -1)]
    return groups


def _room(folder: Path, limits: tuple[str, ...], used: str) -> int | None:
    """Return the bytes left below a group's limit; None if there is no limit. Reclaimable file cache does not count."""
    limit = min(
        (number for name in limits if (number := _number(folder / name)) is not None and number < UNLIMITED),
        default=None,
    )
    taken = _number(folder / used)
    if limit is None or taken is None:
        return None
    return limit - max(0, taken - _droppable(folder))


def _number(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _droppable(folder: Path) -> int:
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    figures = dict(line.split(" ", 1) for line in lines if " " in line)
    return int(figures.get("total_inactive_file", figures.get("inactive_file", "0")))
