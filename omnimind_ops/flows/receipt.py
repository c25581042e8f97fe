"""The receipt of a run: one JSON and one Markdown file, and its verification. model/receipt.py makes the content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.flows import parked
from omnimind_ops.flows.bench import before_and_after
from omnimind_ops.flows.run_inputs import goal_begun
from omnimind_ops.model import codec
from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.json import JSON
from omnimind_ops.model.notes import Sides
from omnimind_ops.model.old_stack import OldStack
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.receipt import digest, parse, receipt
from omnimind_ops.model.run import Run
from omnimind_ops.paths import Paths
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.tools.markdown import receipt as markdown


def write(run: Run, paths: Paths) -> Path:
    """Write receipt.json and receipt.md for a run; return the path of the JSON."""
    folder = paths.receipts / run.id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = body(run, paths)
    for name, text in (
        ("receipt.json", json.dumps(written, indent=2, ensure_ascii=False)),
        ("receipt.md", markdown(parse(written))),
    ):
        partial = folder / f".{name}"
        partial.write_text(text + "\n", errors="backslashreplace")  # a file name that is not UTF-8: \udc80 is JSON too
        partial.rename(folder / name)
    return folder / "receipt.json"


def _beside(folder: Path, name: str) -> JSON:
    """Return what a rollback saved beside the receipt; None if it saved nothing."""
    try:
        content: JSON = json.loads((folder / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    return content


def keep_beside(run: Run, name: str, content: JSON, paths: Paths, tell: Tell) -> None:
    """Save what belongs to the receipt as NAME.json beside it; on a full disk, for example, warn."""
    folder = paths.receipts / run.id
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / f"{name}.json").write_text(json.dumps(content) + "\n", errors="backslashreplace")
    except OSError as error:
        tell(warning(f"{name}.json cannot be written beside the receipt: {error}"))


def keep(run: Run, paths: Paths, tell: Tell) -> None:
    """Write the receipt; where that is not possible, on a full disk for example, warn: what the run did is done."""
    try:
        write(run, paths)
    except OSError as error:
        tell(warning(f"the receipt cannot be written: {error}"))


def body(run: Run, paths: Paths) -> dict[str, JSON]:
    """Return the receipt of a run as it is now."""
    described = parked.described(goal_begun(run), run.id) if "goal" in run.setup else ()
    set_aside = {str(folder): what for folder, what in described}
    folder = paths.receipts / run.id
    written = (_beside(folder, name) for name in ("since", "carried"))
    return receipt(run, before_and_after.read(run.id, paths), set_aside, *written)


@dataclass(frozen=True)
class Found:
    """A receipt of a run that the journal does not know; `containers` are the names of the old ones."""

    path: Path
    run: str
    state: str
    containers: tuple[str, ...]


def newest(folder: Path) -> Found | None:
    """Return the newest receipt that can be read, by the run's start."""
    results: list[tuple[str, Found]] = []
    for path in folder.glob("*/receipt.json"):
        with suppress(OSError, ValueError, Problem):
            receipt = parse(json.loads(path.read_text()))
            old = codec.read(OldStack, {"containers": receipt.setup.get("containers", [])}, str(path))
            names = tuple(container.name for container in old.containers)
            results.append((receipt.started, Found(path, receipt.run, str(receipt.state), names)))
    return max(results, key=lambda entry: entry[0])[1] if results else None


def read(run_id: str, paths: Paths) -> dict[str, JSON]:
    """Return a run's receipt; raise Problem if it is missing or invalid."""
    path = paths.receipts / run_id / "receipt.json"
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Problem("cannot read the receipt", str(error), "list the runs: omnimind runs") from error
    assert isinstance(body, dict)
    return body


def verify(body: Mapping[str, JSON], run: Run) -> list[tuple[str, bool, str]]:
    """Verify a receipt: its own digest, the journal's plan, and the old data that it describes."""
    parsed = parse(body)
    results = [
        ("receipt unchanged", parsed.digest == digest(body), parsed.digest),
        ("same plan as the journal", parsed.plan.digest == run.plan.digest, run.plan.digest),
    ]
    sides_of = parsed.verified
    for name, sides in sides_of.items():
        equal = not compare(sides.source, sides.native)
        facts = len(sides.source.counts) + len(sides.source.digests)
        results.append((f"{name}: old equals native at the cutover", equal, f"{facts} facts"))
    verify = run.record("verify")
    is_carried = bool(parsed.carried)  # the old folders were changed on purpose
    trees = verify.step.payload(VerifyPayload).trees if verify and not is_carried else ()
    results += [_source_unchanged(name, source, sides_of.get(name)) for name, source, _ in trees]
    return results


def _source_unchanged(name: str, source: str, sides: Sides | None) -> tuple[str, bool, str]:
    label = f"{name}: the old folder is unchanged"
    if not Path(source).exists():
        return label, False, f"{source} is gone"
    if sides is None:
        return label, False, "not in the receipt"
    differences = compare(sides.source, tree_fingerprint(Path(source)))
    return (
        label,
        not differences,
        source if not differences else f"{len(differences)} differences, first: {differences[0].name}",
    )
