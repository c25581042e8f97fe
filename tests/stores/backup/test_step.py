"""The steps that unpack a backup: once in a run, and never that of another run."""

import os
import pwd
from pathlib import Path

from omnimind_ops.model.plan import Step
from omnimind_ops.paths import Paths
from omnimind_ops.steps.copy import CopyStep
from tests.stores.backup.backups import NAME, silent
from tests.stores.backup.real import file_of


class Memory:
    """A memo."""

    def __init__(self) -> None:
        self.notes: dict[str, object] = {}

    def get(self, key: str) -> object:
        return self.notes.get(key)

    def put(self, key: str, value: object) -> None:
        self.notes[key] = value

    def of(self, step: str, key: str) -> None: ...


def test_what_another_run_unpacked_is_not_taken_for_this_backup(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name

    def warm(run: str, kind: str) -> bool:
        args = {
            "backup": str(file_of("made-1.18.3", kind)),
            "incoming": str(tmp_path / "storage.incoming"),
            "target": str(tmp_path / "storage"),
            "owner": me,
            "pass": "warm",
        }
        step = Step("warm-qdrant", "copy", "", args)
        return CopyStep(Paths(tmp_path), run).do(step, Memory(), silent)  # type: ignore[arg-type]

    def collections() -> list[str]:
        return sorted(os.listdir(tmp_path / "storage.incoming" / "collections"))

    assert warm("first", "full") and len(collections()) == 2
    assert not warm("first", "full")
    assert warm("second", "collection") and collections() == [NAME]
