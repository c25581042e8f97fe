"""Unpacking never overwrites, may be killed, and looks twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from qdrant_client import models

from omnimind_ops.model.data import compare
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect, unpack
from tests.qdrant import Server
from tests.stores.backup.backups import Made, bare, served, silent


def test_unpacking_never_overwrites(made: Made, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "precious").write_text("mine")
    with pytest.raises(Problem, match="already"):
        unpack(detect(made.full), tmp_path / "storage", silent)
    assert os.listdir(tmp_path / "storage") == ["precious"]


def test_unpacking_twice_is_once(made: Made, tmp_path: Path) -> None:
    backup = detect(made.full)
    first = unpack(backup, tmp_path / "storage", silent)
    inode = first.stat().st_ino
    assert unpack(backup, tmp_path / "storage", silent).stat().st_ino == inode


def test_a_backup_that_changed_since_it_was_looked_at_is_refused(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x")
    backup = detect(file)
    os.utime(file, ns=(1, 1))
    with pytest.raises(Problem, match="has changed since"):
        unpack(backup, tmp_path / "storage", silent)


def test_a_storage_directory_in_use_is_not_copied(tmp_path: Path) -> None:
    server = Server(tmp_path / "q").start()
    try:
        server.client().create_collection(
            "c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE)
        )
        backup = detect(server.storage)
        with pytest.raises(Problem, match="running Qdrant"):
            unpack(backup, tmp_path / "into", silent)
    finally:
        server.kill()


KILLED = """
import sys
from pathlib import Path
from omnimind_ops.stores.backup import detect, unpack
backup = detect(Path(sys.argv[1]))
print("go", flush=True)
unpack(backup, Path(sys.argv[2]), lambda event: None)
"""


def test_a_killed_unpacking_leaves_nothing_half_and_is_completed_by_the_next(made: Made, tmp_path: Path) -> None:
    dice = random.Random(9)
    for _ in range(10):
        run = subprocess.Popen([sys.executable, "-c", KILLED, made.full, tmp_path / "storage"], stdout=-1, text=True)
        assert run.stdout and run.stdout.readline() == "go\n"
        time.sleep(dice.random() * 0.15)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        if (tmp_path / "storage").exists():
            break
    unpack(detect(made.full), tmp_path / "storage", silent)
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith("half")] == []
    assert not compare(made.fingerprint, served(tmp_path / "storage"))
