"""omnimind against its peers, in turns, in one run: `nox -s bench -- peers [--only provisioning …] [--quick]`.

Prints a table on stdout and, as its last line, one JSON object; progress goes to stderr. Ratios are medians of pairs;
above 1, omnimind is faster. This program installs what the peers need (as root: rsync; in separate folders: Ansible,
sentence-transformers, infinity-emb). Ctrl-C keeps the results so far.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import copy
from benchmarks.peers import embeddings, provisioning, starting
from benchmarks.peers.embeddings import AGAINST, EmbeddingTimes
from benchmarks.peers.progress import report
from benchmarks.peers.provisioning import ProvisioningTimes
from benchmarks.peers.starting import StartTimes
from benchmarks.peers.table import Row, show

PARTS = ("provisioning", "copy", "start", "embeddings")
BYTES = 1_800_000_000
TEXTS = 1000
QUICK_TEXTS = 150


@dataclass
class Results:
    """All results so far."""

    provisioned: ProvisioningTimes = field(default_factory=ProvisioningTimes)
    copied: list[copy.Round] = field(default_factory=list)
    started: StartTimes = field(default_factory=StartTimes)
    embedded: EmbeddingTimes = field(default_factory=EmbeddingTimes)

    def rows(self) -> list[Row]:
        """Return every comparison."""
        rsync = [entry for entry in self.copied if entry.rsynced]
        return [
            Row("converge, first run", "Ansible", self.provisioned.pairs("first")),
            Row("converge, no-op", "Ansible", self.provisioned.pairs("noop")),
            Row("verified copy", "cp -a --sparse=always", [(entry.live, entry.plain) for entry in self.copied]),
            Row("the same, on the disk", "cp and sync -f", [(entry.final, entry.synced) for entry in self.copied]),
            Row("verified copy", "rsync -aHS and a check with -c", [(entry.live, entry.rsynced) for entry in rsync]),
            Row("verified copy", "rsync -aHS alone", [(entry.live, entry.rsync) for entry in rsync]),
            Row(
                "up",
                "the start script, its sleeps counted",
                list(zip(self.started.up, self.started.bash, strict=False)),
            ),
            *(Row("embeddings", AGAINST[name][1], self.embedded.pairs(name)) for name in AGAINST),
        ]

    def numbers(self) -> dict[str, Any]:
        """Return the JSON object of the last line."""
        numbers: dict[str, Any] = {**provisioning.ratios(self.provisioned), **starting.ratios(self.started)}
        for kind in ("first", "noop"):
            if pairs := self.provisioned.pairs(kind):
                numbers[f"{kind}_s"] = round(statistics.median(ours for ours, _ in pairs), 2)
        if self.copied:
            numbers |= copy.summary(self.copied)
        for name in AGAINST:
            if pairs := self.embedded.pairs(name):
                numbers[name] = round(statistics.median(theirs / ours for ours, theirs in pairs), 2)
        return numbers | self.embedded.result


def main() -> int:
    """Measure the parts, print the table and the object."""
    options = _parse_options()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # both clean up and print the results, even if a shell started this with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    results, failed, interrupted = Results(), {}, False
    before = os.getloadavg()
    for part, measure in _parts(options, results).items():
        if part not in (options.only or PARTS):
            continue
        began = time.monotonic()
        report(f"{part}: started")
        try:
            measure()
        except KeyboardInterrupt:
            interrupted = True
            break
        except Exception as error:  # one peer that cannot run must not cost the results of the others
            failed[part] = str(error).strip().splitlines()[0]
            report(f"{part}: {error}")
        else:
            report(f"{part}: done in {time.monotonic() - began:.0f} s")
    show(results.rows())
    numbers = {
        **results.numbers(),
        "pairs": options.pairs,
        "cpus": len(os.sched_getaffinity(0)),
        "load": [round(before[0], 1), round(os.getloadavg()[0], 1)],
    }
    print(
        json.dumps(
            {**numbers, **({"failed": failed} if failed else {}), **({"interrupted": True} if interrupted else {})}
        )
    )
    return 130 if interrupted else 1 if failed else 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="measure this part; may be repeated (default: all)"
    )
    parser.add_argument("--pairs", type=int, default=5, help="paired runs of everything (default: %(default)s)")
    parser.add_argument(
        "--firsts", type=int, help="pairs of first runs on fresh hosts, minutes each (default: as --pairs)"
    )
    parser.add_argument("--texts", type=int, help=f"texts to embed (default: {TEXTS})")
    parser.add_argument(
        "--quick", action="store_true", help=f"one first run, one start, {QUICK_TEXTS} texts: to see that it works"
    )
    return parser.parse_args()


def _parts(options: argparse.Namespace, results: Results) -> dict[str, Callable[[], object]]:
    firsts = options.firsts if options.firsts is not None else 1 if options.quick else options.pairs
    texts = options.texts or (QUICK_TEXTS if options.quick else TEXTS)

    def copied() -> None:
        _ensure_installed(("rsync",))
        copy.benchmark(BYTES, options.pairs, None, results.copied)

    return {
        "provisioning": lambda: provisioning.measure(firsts, options.pairs, results.provisioned),
        "copy": copied,
        "start": lambda: starting.measure(1 if options.quick else options.pairs, results.started),
        "embeddings": lambda: embeddings.measure(texts, options.pairs, results.embedded),
    }


def _ensure_installed(programs: Sequence[str]) -> None:
    """Install missing programs from the Debian packages of the same name."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(f"not installed: {' '.join(missing)}")
    install = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (install, ("apt-get", "update"), install):
        if subprocess.run(command, stdout=sys.stderr, env=quiet, check=False).returncode == 0 and command is install:
            return
    raise RuntimeError(f"cannot install {' '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
