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
from benchmarks.peers.embeddings import AGAINST, Embedded
from benchmarks.peers.provisioning import Provisioned
from benchmarks.peers.say import say
from benchmarks.peers.starting import Started
from benchmarks.peers.table import Row, show

PARTS = ("provisioning", "copy", "start", "embeddings")
BYTES = 1_800_000_000
TEXTS = 1000
QUICK_TEXTS = 150


@dataclass
class Found:
    """All results so far."""

    provisioned: Provisioned = field(default_factory=Provisioned)
    copied: list[copy.Round] = field(default_factory=list)
    started: Started = field(default_factory=Started)
    embedded: Embedded = field(default_factory=Embedded)

    def rows(self) -> list[Row]:
        """Return every comparison."""
        rsync = [one for one in self.copied if one.rsynced]
        return [
            Row("converge, first run", "Ansible", self.provisioned.pairs("first")),
            Row("converge, no-op", "Ansible", self.provisioned.pairs("noop")),
            Row("verified copy", "cp -a --sparse=always", [(one.live, one.plain) for one in self.copied]),
            Row("the same, on the disk", "cp and sync -f", [(one.final, one.synced) for one in self.copied]),
            Row("verified copy", "rsync -aHS and a check with -c", [(one.live, one.rsynced) for one in rsync]),
            Row("verified copy", "rsync -aHS alone", [(one.live, one.rsync) for one in rsync]),
            Row(
                "up",
                "the start script, its sleeps counted",
                list(zip(self.started.up, self.started.bash, strict=False)),
            ),
            *(Row("embeddings", AGAINST[name][1], self.embedded.pairs(name)) for name in AGAINST),
        ]

    def numbers(self) -> dict[str, Any]:
        """Return the JSON object of the last line."""
        told: dict[str, Any] = {**provisioning.ratios(self.provisioned), **starting.ratios(self.started)}
        for kind in ("first", "noop"):
            if pairs := self.provisioned.pairs(kind):
                told[f"{kind}_s"] = round(statistics.median(ours for ours, _ in pairs), 2)
        if self.copied:
            told |= copy.summary(self.copied)
        for name in AGAINST:
            if pairs := self.embedded.pairs(name):
                told[name] = round(statistics.median(theirs / ours for ours, theirs in pairs), 2)
        return told | self.embedded.result


def main() -> int:
    """Measure the parts, print the table and the object."""
    asked = _asked()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # both clean up and print the results, even if a shell started this with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    found, failed, interrupted = Found(), {}, False
    before = os.getloadavg()
    for part, measure in _parts(asked, found).items():
        if part not in (asked.only or PARTS):
            continue
        began = time.monotonic()
        say(f"{part}: begins")
        try:
            measure()
        except KeyboardInterrupt:
            interrupted = True
            break
        except Exception as error:  # one peer that cannot run must not cost the results of the others
            failed[part] = str(error).strip().splitlines()[0]
            say(f"{part}: {error}")
        else:
            say(f"{part}: done in {time.monotonic() - began:.0f} s")
    show(found.rows())
    told = {
        **found.numbers(),
        "pairs": asked.pairs,
        "cpus": len(os.sched_getaffinity(0)),
        "load": [round(before[0], 1), round(os.getloadavg()[0], 1)],
    }
    print(
        json.dumps({**told, **({"failed": failed} if failed else {}), **({"interrupted": True} if interrupted else {})})
    )
    return 130 if interrupted else 1 if failed else 0


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=(__doc__ or "").splitlines()[0])
    options.add_argument(
        "--only", action="append", choices=PARTS, help="measure this part; may be repeated (default: all)"
    )
    options.add_argument("--pairs", type=int, default=5, help="paired runs of everything (default: %(default)s)")
    options.add_argument(
        "--firsts", type=int, help="pairs of first runs on fresh hosts, minutes each (default: as --pairs)"
    )
    options.add_argument("--texts", type=int, help=f"texts to embed (default: {TEXTS})")
    options.add_argument(
        "--quick", action="store_true", help=f"one first run, one start, {QUICK_TEXTS} texts: to see that it works"
    )
    return options.parse_args()


def _parts(asked: argparse.Namespace, found: Found) -> dict[str, Callable[[], object]]:
    firsts = asked.firsts if asked.firsts is not None else 1 if asked.quick else asked.pairs
    texts = asked.texts or (QUICK_TEXTS if asked.quick else TEXTS)

    def copied() -> None:
        _installed(("rsync",))
        copy.benchmark(BYTES, asked.pairs, None, found.copied)

    return {
        "provisioning": lambda: provisioning.measure(firsts, asked.pairs, found.provisioned),
        "copy": copied,
        "start": lambda: starting.measure(1 if asked.quick else asked.pairs, found.started),
        "embeddings": lambda: embeddings.measure(texts, asked.pairs, found.embedded),
    }


def _installed(programs: Sequence[str]) -> None:
    """Install missing programs from the Debian packages of the same name."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(f"not installed: {' '.join(missing)}")
    words = ("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (words, ("apt-get", "update"), words):
        if subprocess.run(command, stdout=sys.stderr, env=quiet, check=False).returncode == 0 and command is words:
            return
    raise RuntimeError(f"cannot install {' '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
