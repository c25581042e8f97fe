"""Speed of the verified copy: `python -m benchmarks.copy` runs paired rounds against `cp -a --sparse=always` and rsync.

The tree resembles Qdrant's storage: 32 MiB segment files, many of them mostly holes, and small JSON files. All sides
read from the page cache; our copy also hashes and reads back. Our live pass, which does not wait for the disk, is
compared with cp (`copy_vs_cp`), and our final pass, which does, with cp and `sync -f` (`copy_vs_cp_synced`). If rsync
is installed, our live pass is also compared with `rsync -aHS` followed by a check of all content with `rsync -c`,
because rsync alone reads nothing back (`copy_vs_rsync`). Each of our copies is a separate process, whose peak memory is
recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.tools.shell import run

SEGMENT = 32 << 20
FILL = (1.0, 1.0, 0.6, 0.3, 0.1, 0.02, 0.0)
"""Share of data in a segment file; the values repeat, 43 % in total, as in real storage."""


@dataclass(frozen=True)
class Round:
    """Seconds of one round, and our peak memory in MB.

    `live` and `final` are our passes from nothing, `again` is a final pass with nothing to do, `plain` is cp, `synced`
    cp with sync. `rsync` is rsync alone, `rsynced` with its check; 0 if rsync is not installed.
    """

    live: float
    final: float
    again: float
    plain: float
    synced: float
    memory: float
    rsync: float = 0.0
    rsynced: float = 0.0


def make_tree(top: Path, size: int) -> None:
    """Write a tree of `size` apparent bytes."""
    dice = random.Random(1)
    for n in range(max(1, size // SEGMENT)):
        folder = (
            top
            / "collections"
            / "universal_machine_embeddings"
            / "0"
            / "segments"
            / f"segment-{n // 6}"
            / "vector_storage"
        )
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"chunk_{n}.mmap").open("wb") as file:
            for _ in range(int(SEGMENT * FILL[n % len(FILL)]) >> 20):
                file.write(dice.randbytes(1 << 20))
            file.truncate(SEGMENT)
        for small in range(5):
            (folder / f"part_{n}_{small}.json").write_text(
                json.dumps(list(range(dice.randrange(2000)))), encoding="ascii"
            )
    run(("sync", "-f", str(top)), timeout=600)


def measure(source: Path, work: Path, order: int) -> Round:
    """Copy in every way, each to an empty place on a synced file system. `order` rotates the sequence."""
    target = work / "target"
    results: dict[str, dict[str, float]] = {"rsync": {"plain": 0.0, "checked": 0.0}}
    ways = {"live": _live, "final": _final, "cp": _cp, **({"rsync": _rsync} if shutil.which("rsync") else {})}
    names = list(ways)
    for n in range(len(names)):
        way = names[(n + order) % len(names)]
        _level(source, target)
        results[way] = ways[way](source, target)
    live, final, cp, rsync = (results[way] for way in ("live", "final", "cp", "rsync"))
    memory = max(live["memory"], final["memory"])
    return Round(
        live["seconds"],
        final["seconds"],
        final["again"],
        cp["plain"],
        cp["synced"],
        memory,
        rsync["plain"],
        rsync["checked"],
    )


def _live(source: Path, target: Path) -> dict[str, float]:
    return _run_child(source, target, "live")


def _final(source: Path, target: Path) -> dict[str, float]:
    return _run_child(source, target, "final")


def _run_child(source: Path, target: Path, way: str) -> dict[str, float]:
    done = run((sys.executable, "-m", "benchmarks.copy", "--child", way, str(source), str(target)), timeout=600)
    result: dict[str, float] = json.loads(done.out)
    return result


def _cp(source: Path, target: Path) -> dict[str, float]:
    began = time.monotonic()
    run(("cp", "-a", "--sparse=always", str(source), str(target)), timeout=600)
    plain = time.monotonic() - began
    run(("sync", "-f", str(target)), timeout=600)
    return {"plain": plain, "synced": time.monotonic() - began}


def _rsync(source: Path, target: Path) -> dict[str, float]:
    began = time.monotonic()
    run(("rsync", "-aHS", f"{source}/", f"{target}/"), timeout=600)
    plain = time.monotonic() - began
    if differences := run(
        ("rsync", "-aHSnc", "--out-format=%i %n", f"{source}/", f"{target}/"), timeout=600
    ).out.strip():
        raise RuntimeError(f"rsync reports differences in its own copy:\n{differences}")
    return {"plain": plain, "checked": time.monotonic() - began}


def _level(source: Path, target: Path) -> None:
    """Give all sides the same start: an empty target, nothing left to write back, and the memory they need just freed.

    On a virtual machine, memory that is free for some seconds returns to the host, and allocating it again costs a
    second or two.
    """
    discard(target)
    run(("cp", "-a", "--sparse=always", str(source), str(target)), timeout=600)
    os.sync()
    discard(target)
    os.sync()


def child(way: str, source: Path, target: Path) -> None:
    """Copy twice. Print the seconds of both and the peak memory in MB."""
    first = copy_tree(source, target, live=way == "live")
    second = copy_tree(source, target)
    peak = next(
        line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if line.startswith("VmHWM")
    )
    print(json.dumps({"seconds": first.seconds, "again": second.seconds, "memory": int(peak.split()[1]) / 1000}))


def benchmark(size: int, rounds: int, folder: Path | None = None, done: list[Round] | None = None) -> dict[str, float]:
    """Run the rounds, print the table and return their `summary`.

    `done` receives each round as it ends, so that an interrupted run keeps its results.
    """
    done = [] if done is None else done
    with tempfile.TemporaryDirectory(prefix="omnimind-copy-", dir=folder) as name:
        source = Path(name) / "source"
        make_tree(source, size)
        print(
            f"{'round':>5} {'live s':>8} {'cp s':>8} {'ratio':>6} {'final s':>8} {'cp+sync':>8} {'ratio':>6} {'again s':>8} {'RSS MB':>7}"
            f" {'rsync s':>8} {'checked':>8} {'ratio':>6}",
            file=sys.stderr,
        )
        for n in range(rounds):
            done.append(_print_round(n, measure(source, Path(name), n)))
    return summary(done)


def summary(done: Sequence[Round]) -> dict[str, float]:
    """Return the median ratios of our speed to the others', and the highest peak memory in MB.

    `copy_final_vs_cp` is the unequal one: our copy waits for the disk, cp does not.
    """
    result = {
        "copy_vs_cp": round(statistics.median(entry.plain / entry.live for entry in done), 3),
        "copy_vs_cp_synced": round(statistics.median(entry.synced / entry.final for entry in done), 3),
        "copy_final_vs_cp": round(statistics.median(entry.plain / entry.final for entry in done), 3),
        "copy_again_s": round(statistics.median(entry.again for entry in done), 3),
        "copy_rss_mb": round(max(entry.memory for entry in done), 1),
    }
    if all(entry.rsynced for entry in done):
        result["copy_vs_rsync"] = round(statistics.median(entry.rsynced / entry.live for entry in done), 3)
        result["copy_vs_rsync_unchecked"] = round(statistics.median(entry.rsync / entry.live for entry in done), 3)
    return result


def _print_round(n: int, entry: Round) -> Round:
    print(
        f"{n + 1:>5} {entry.live:>8.3f} {entry.plain:>8.3f} {entry.plain / entry.live:>6.2f} "
        f"{entry.final:>8.3f} {entry.synced:>8.3f} {entry.synced / entry.final:>6.2f} {entry.again:>8.3f} {entry.memory:>7.0f} "
        f"{entry.rsync:>8.3f} {entry.rsynced:>8.3f} {entry.rsynced / entry.live:>6.2f}",
        file=sys.stderr,
    )
    return entry


def main(arguments: list[str]) -> None:
    """Parse the command line, run, and print the result; the last line is JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bytes", type=float, default=1.8e9, help="apparent size of the tree")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", type=Path, help="working directory (default: the temporary directory)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        way, source, target = options.child
        child(way, Path(source), Path(target))
    else:
        print(json.dumps(benchmark(int(options.bytes), options.rounds, options.dir)))


if __name__ == "__main__":
    main(sys.argv[1:])
