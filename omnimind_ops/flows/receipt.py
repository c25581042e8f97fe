"""The receipt of a run: one JSON and one Markdown file; and its check. What it says is made by model/receipt.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.flows.bench import migrate as bench_migrate
from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.receipt import digest, receipt
from omnimind_ops.model.run import Run
from omnimind_ops.paths import Paths
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from omnimind_ops.tools.markdown import receipt as markdown


def write(run: Run, paths: Paths) -> Path:
    """Write receipt.json and receipt.md for a run; returns the JSON's path."""
    folder = paths.receipts / run.id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = receipt(run, bench_migrate.read(run.id, paths))
    for name, text in (
        ("receipt.json", json.dumps(body, indent=2, ensure_ascii=False)),
        ("receipt.md", markdown(body)),
    ):
        partial = folder / f".{name}"
        partial.write_text(text + "\n", errors="backslashreplace")  # a file name that is not UTF-8: \udc80 is JSON too
        partial.rename(folder / name)
    return folder / "receipt.json"


def read(run_id: str, paths: Paths) -> dict[str, JSON]:
    """Return a run's receipt; a missing or broken one is a Problem."""
    path = paths.receipts / run_id / "receipt.json"
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise Problem("cannot read the receipt", str(error), "see which runs there are: omnimind runs") from error
    assert isinstance(body, dict)
    return body


def verify(body: Mapping[str, JSON], run: Run) -> list[tuple[str, bool, str]]:
    """Check a receipt again: its own digest, the journal's plan, and the old data that it vouches for."""
    plan = body["plan"]
    assert isinstance(plan, Mapping)
    found = [
        ("receipt unchanged", body.get("digest") == digest(body), str(body.get("digest"))),
        ("same plan as the journal", plan.get("digest") == run.plan.digest, run.plan.digest),
    ]
    verified = body.get("verified")
    for name, sides in verified.items() if isinstance(verified, Mapping) else ():
        assert isinstance(sides, Mapping)
        old, new = _print(sides["source"]), _print(sides["native"])
        found.append((f"{name}: old equals native at the cutover", old == new, f"{len(old)} facts"))
    found += [_source_unchanged(str(name), source, body) for name, source in _trees(run)]
    return found


def _trees(run: Run) -> list[tuple[str, str]]:
    trees = next((record.step.args.get("trees") for record in run.steps if record.step.id == "verify"), None)
    return [(str(tree[0]), str(tree[1])) for tree in trees] if isinstance(trees, list | tuple) else []  # type: ignore[index]


def _source_unchanged(name: str, source: str, body: Mapping[str, JSON]) -> tuple[str, bool, str]:
    label = f"{name}: the old folder is as it was"
    if not Path(source).exists():
        return label, False, f"{source} is gone"
    verified = body.get("verified")
    kept = verified.get(name) if isinstance(verified, Mapping) else None
    if not isinstance(kept, Mapping):
        return label, False, "not in the receipt"
    side = kept["source"]
    assert isinstance(side, Mapping)
    was = Fingerprint(str(side["store"]), side["counts"], side["digests"])  # type: ignore[arg-type]
    differences = compare(was, tree_fingerprint(Path(source)))
    return (
        label,
        not differences,
        source if not differences else f"{len(differences)} differences, first: {differences[0].name}",
    )


def _print(side: JSON) -> dict[str, JSON]:
    assert isinstance(side, Mapping)
    counts, digests = side["counts"], side["digests"]
    assert isinstance(counts, Mapping) and isinstance(digests, Mapping)
    return {**counts, **digests}
