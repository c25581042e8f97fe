"""kind "prove-backup": before anything stops, the program that will serve a backup loads it and every point is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from omnimind_ops.health.stores import COLLECTION
from omnimind_ops.model.checksum import SAID, UNSEEN
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.json import JSON
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.arguments import text
from omnimind_ops.stores import backup
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.qdrant.scratch import Program
from omnimind_ops.tools.program import argv

SCRATCH = ".omnimind-proof"


def asked_backup(args: Mapping[str, JSON]) -> backup.Backup:
    """Return the backup that a step's arguments name."""
    path, name = Path(text(args, "backup")), text(args, "collection") or None
    return backup.recognise(path, name, lambda _: config_of(args), text(args, "sha256"))


def config_of(args: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return the configuration of a shard snapshot's collection; None for any other backup."""
    config = args.get("config")
    return config if isinstance(config, Mapping) else None


def mark_of(incoming: Path) -> Path:
    """Return the file that names the run which unpacked a backup there."""
    return incoming.with_name(f".{incoming.name}.of-run")


@dataclass(frozen=True)
class ProveBackupStep:
    """Notes what the backup holds for `verify`. If the program cannot load it, what was unpacked is removed."""

    paths: Paths

    def preview(self, step: Step) -> Preview:
        """Read-only for all but what was unpacked."""
        return Preview(step.id, Change.NO)

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Load it in a scratch folder beside it, on a loopback port with a key of its own."""
        if memo.get("fingerprint") is not None:
            return False
        storage = Path(text(step.args, "storage"))
        program = Program(argv(self.paths.opt / "qdrant" / "current"), text(step.args, "user"))
        try:
            restored = asked_backup(step.args)
            if restored.checksum in UNSEEN:
                tell(warning(f"{restored.path}: {SAID[restored.checksum]}", step.id))
            found = backup.prove(
                restored,
                config_of(step.args),
                storage,
                program,
                storage.parent / SCRATCH,
                tell,
                step.id,
                without=(COLLECTION,),
            )
        except Problem:
            discard(storage)
            mark_of(storage).unlink(missing_ok=True)
            raise
        memo.put("checksum", str(restored.checksum))
        memo.put("second reader", found.second)
        memo.put("fingerprint", asdict(found.held))
        return False

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Remove what a killed proof left."""
        discard(Path(text(step.args, "storage")).parent / SCRATCH)
