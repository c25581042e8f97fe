"""Copies that are killed or interrupted."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from omnimind_ops.model.event import Event, Progress
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.discard import discard
from tests.stores.files.trees import MIB, looks, same

KILLED = """
import sys
from pathlib import Path
from omnimind_ops.stores.files import settled
from omnimind_ops.stores.files.copy import copy_tree
settled.FINAL_MARGIN = -60.0
print("go", flush=True)
copy_tree(Path(sys.argv[1]), Path(sys.argv[2]))
print("done", flush=True)
"""


def test_a_copy_killed_anywhere_is_completed_by_the_next(tmp_path: Path) -> None:
    dice = random.Random(7)
    for n in range(60):
        folder = tmp_path / "a" / f"{n % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(n)).write_bytes(dice.randbytes(dice.randrange(4 * MIB)))
    os.link(tmp_path / "a/0/0", tmp_path / "a/1/also 0")
    os.symlink("x", tmp_path / "a" / "link")
    killed = 0
    for _ in range(25):
        run = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "a", tmp_path / "b"], stdout=-1, text=True)
        assert run.stdout and run.stdout.readline() == "go\n"
        time.sleep(dice.random() * 0.15)
        run.send_signal(signal.SIGKILL)
        result = run.communicate()[0]
        killed += "done" not in result
        if "done" in result or dice.random() < 0.2:
            discard(tmp_path / "b")
        (tmp_path / "a" / "3" / "3").write_bytes(dice.randbytes(MIB))
    assert killed > 3
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b") and looks(tmp_path / "a") == looks(tmp_path / "b")
    assert not list((tmp_path / "b").rglob(".omnimind*"))


def test_an_interrupted_copy_stops_its_threads_and_keeps_what_it_has(source: Path, tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, Progress):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_tree(source, tmp_path / "target", tell=interrupt)
    assert not [t for t in threading.enumerate() if t.name.startswith(("copy", "flush"))]
    copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target")
