"""The steps of a backup of Redis: proven before anything stops, compared with the native server afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.credentials import Credentials
from omnimind_ops.model.event import Event
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import ProveRedisBackupNotes, VerifyNotes
from omnimind_ops.model.payloads import ProveRedisBackupPayload, VerifyPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps.prove_redis_backup import ProveRedisBackupStep
from omnimind_ops.steps.verify import VerifyStep
from tests import qdrant
from tests.stores.redis.backups import KEYS, VERSION, append_only
from tests.stores.redis.servers import REDIS, client, served

PASSWORD = "of-the-tests"


class Restored:
    """A backup that was proven, and a server that was started on what was staged."""

    def __init__(self, tmp_path: Path) -> None:
        self.paths = Paths(tmp_path)
        self.notes = MemoryNotes()
        self.said: list[Event] = []
        backup = append_only(tmp_path / "data")
        self.step = Task("prove-redis-backup", ProveRedisBackupPayload(str(backup), VERSION))
        self.memo = Memo(self.notes, self.step.id, ProveRedisBackupNotes)
        ProveRedisBackupStep(self.paths).do(self.step, self.memo, self.said.append)
        self.folder = self.paths.stage / "redis"
        self.port = qdrant.free_port()

    @property
    def settings(self) -> tuple[str, ...]:
        return ("--databases", "32", "--port", str(self.port), "--requirepass", PASSWORD)

    def verify(self) -> None:
        credentials = Credentials(PASSWORD, "", "")
        in_no_unit = lambda goal, services: None  # noqa: E731 ARG005 this server is the test's own
        verify = VerifyStep(Goal(redis_port=self.port), lambda: credentials, in_no_unit, self.paths)
        verify.do(Task("verify", VerifyPayload(redis=True)), Memo(self.notes, "verify", VerifyNotes), self.said.append)


@pytest.fixture
def restored() -> Iterator[Restored]:
    with tempfile.TemporaryDirectory(prefix="om-") as folder:  # short: the path of a socket has at most 107 bytes
        yield Restored(Path(folder))


def test_what_a_backup_holds_is_noted_and_said_and_what_is_restored_is_compared(restored: Restored) -> None:
    noted = restored.memo.read()
    assert noted.coverage and "no checksum" in noted.coverage
    assert any(event.kind == "warning" and "no checksum" in event.text for event in restored.said)
    assert any(f"loads the backup: {KEYS + 1} keys (db 0: {KEYS}, db 20: 1)" in event.text for event in restored.said)
    with served(REDIS, *restored.settings, folder=restored.folder) as native:
        restored.verify()
        client(native, 20).delete("elsewhere")
        with pytest.raises(Problem, match="cannot accept the native redis"):
            restored.verify()


def test_a_backup_that_was_proven_long_ago_is_read_again(restored: Restored) -> None:
    """A postponed migration goes on after the fingerprint's horizon has passed."""
    restored.memo.write(ProveRedisBackupNotes(horizon=1))
    with served(REDIS, *restored.settings, folder=restored.folder) as native:
        restored.verify()
        client(native).set("key 2", "changed")
        with pytest.raises(Problem, match="cannot accept the native redis"):
            restored.verify()


def test_a_repetition_keeps_the_staged_dump_and_makes_a_lost_one_again(restored: Restored) -> None:
    step, staged = ProveRedisBackupStep(restored.paths), restored.folder / "dump.rdb"
    before = staged.stat().st_ino
    step.do(restored.step, restored.memo, restored.said.append)
    assert staged.stat().st_ino == before
    staged.unlink()
    step.do(restored.step, restored.memo, restored.said.append)
    assert staged.is_file()
