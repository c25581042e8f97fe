"""`nox -s campaign -- NAME --seed S --count N [--resume]`: make trials, print the bad ones as they come, and keep the
result as a row.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from tests.campaigns import record, state
from tests.campaigns.every import EVERY
from tests.campaigns.result import Campaign, Result, tally
from tests.campaigns.runner import SAMPLE_SEED, trials

TOLD_SECONDS = 10.0


def main(words: list[str] | None = None) -> int:
    """Return 0 when nothing bad happened, 1 when something did, 2 when there was nothing to be done, 130 after Ctrl-C."""
    options = argparse.ArgumentParser(
        prog="nox -s campaign --",
        description=__doc__,
        epilog="; ".join(f"{one.name}: {one.about}" for one in EVERY.values()),
    )
    options.add_argument("name", choices=sorted(EVERY))
    options.add_argument(
        "--seed", type=int, default=SAMPLE_SEED, help="which trials: the same seed makes the same ones"
    )
    options.add_argument("--count", type=int, default=100, help="how many, those made before included")
    options.add_argument("--resume", action="store_true", help="go on with what was begun under this seed")
    options.add_argument("--only", type=int, metavar="NUMBER", help="make this one trial again, and keep nothing")
    options.add_argument(
        "--sample", action="store_true", help="make the few fixed trials that CI makes, and keep nothing"
    )
    options.add_argument("--no-row", action="store_true", help="do not append the result to docs/measurements.md")
    asked = options.parse_args(words)
    campaign = EVERY[asked.name]
    if asked.only is not None or asked.sample:
        return (
            _shown(campaign, asked.seed, campaign.sample)
            if asked.sample
            else _shown(campaign, asked.seed, (asked.only,))
        )
    kept = state.State(state.place(campaign.name, asked.seed), record.commit(), asked.seed)
    try:
        before = kept.results() if asked.resume else {}
    except state.CannotResumeError as error:
        sys.exit(str(error))
    if kept.path.exists() and not asked.resume:
        sys.exit(
            f"{kept.path} holds trials of this seed: --resume goes on with them, another --seed makes others; or remove it"
        )
    if not kept.path.exists():
        kept.begin()
    return _all(campaign, asked, kept, before)


def _shown(campaign: Campaign, seed: int, numbers: Sequence[int]) -> int:
    """Make some trials and tell all of them; 1 when one is bad that is not of a known kind."""
    bad = 0
    for number, result in trials(campaign, seed, numbers):
        print(f"{number}: {'BAD ' if result.bad else ''}{result.kind}: {result.detail}", flush=True)
        bad += result.bad and result.kind not in campaign.known
    return int(bad > 0)


def _all(campaign: Campaign, asked: argparse.Namespace, kept: state.State, before: dict[int, Result]) -> int:
    found, told = dict(before), time.monotonic()
    numbers = [number for number in range(asked.count) if number not in before]
    print(
        f"{campaign.name}, seed {asked.seed}, commit {kept.commit}: {len(numbers)} trials to make, {len(before)} made before; state in {kept.path}"
    )
    try:
        for number, result in trials(campaign, asked.seed, numbers):
            kept.add(number, result)
            found[number] = result
            if result.bad:
                print(f"{number}: BAD {result.kind}: {result.detail}", flush=True)
            if time.monotonic() - told > TOLD_SECONDS:
                told = time.monotonic()
                print(f"{len(found)} of {asked.count}: {_counted(found)}", flush=True)
    except KeyboardInterrupt:
        print(f"{len(found)} of {asked.count} made; the same command with --resume goes on", flush=True)
        return 130
    return _end(campaign, asked, kept.commit, found, new=len(numbers))


def _end(campaign: Campaign, asked: argparse.Namespace, commit: str, found: dict[int, Result], new: int) -> int:
    done = tally(found.values())
    line = record.row(campaign.name, commit, asked.seed, done)
    print(line, end="")
    if not new:
        print("nothing was left to be made")
        return 2
    if not asked.no_row:
        record.keep(line)
        print(f"kept in {record.FILE.relative_to(record.ROOT)}")
    return int(done.bad > 0)


def _counted(found: dict[int, Result]) -> str:
    done = tally(found.values())
    return ", ".join(f"{kind}: {count}" for kind, count in done.kinds.items()) + done.times


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell in the background ignores Ctrl-C for its children
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
