"""Archives that lead outside, lie, or hide something."""

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect
from tests.stores.backup.backups import Made


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 1) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size if kind == tarfile.REGTYPE else 0
    return info


def hostile(path: Path, made: Made, *infos: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(made.storage, ".")
        for info in infos:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (member("../escaped"), "outside"),
        (member("collections/../../escaped"), "outside"),
        (member("/tmp/escaped"), "outside"),
        (member("collections/link", tarfile.SYMTYPE, "/etc"), "link"),
        (member("collections/hard", tarfile.LNKTYPE, "raft_state.json"), "link"),
        (member("collections/device", tarfile.CHRTYPE), "device"),
        (member("collections/pipe", tarfile.FIFOTYPE), "device"),
        (member("raft_state.json"), "twice"),
        (member("collections/c/shard_0.initializing", size=0), "interrupted restore"),
        (member("collections/half/config.json"), "cannot read collections/half/config.json"),
        (member("elsewhere/collections/c/config.json"), "several"),
    ],
)
def test_archives_that_lead_outside_or_lie_are_refused(
    made: Made, tmp_path: Path, info: tarfile.TarInfo, why: str
) -> None:
    with pytest.raises(Problem, match=why):
        detect(hostile(tmp_path / "a.tar", made, info))
    assert sorted(os.listdir(tmp_path)) == ["a.tar"]


def resegmented(made: Made, out: Path, change: str) -> Path:
    """A collection snapshot with one more file in, or a change to, its first segment."""
    with tarfile.open(made.collection) as old, tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as new:
        for info in old:
            file = old.extractfile(info)
            data = file.read() if file else b""
            if info.name.endswith(".tar"):
                inner = io.BytesIO()
                with (
                    tarfile.open(fileobj=io.BytesIO(data)) as before,
                    tarfile.open(fileobj=inner, mode="w", format=tarfile.GNU_FORMAT) as after,
                ):
                    for part in before:
                        content = before.extractfile(part)
                        text = content.read() if content else b""
                        if change == "era" and part.name.endswith("segment.json"):
                            payload = json.loads(text)
                            payload["config"]["payload_storage_type"] = {"type": "on_disk"}
                            text = json.dumps(payload).encode()
                        part = member(part.name, part.type, size=len(text))
                        after.addfile(part, io.BytesIO(text))
                    if change == "unknown":
                        after.addfile(member("snapshot/other/file"), io.BytesIO(b"x"))
                    if change == "escape":
                        after.addfile(member("snapshot/files/../../../x"), io.BytesIO(b"x"))
                    if change == "link":
                        after.addfile(member("snapshot/files/x", tarfile.SYMTYPE, "/etc/passwd"))
                data = inner.getvalue()
            new.addfile(
                member(info.name, tarfile.DIRTYPE if info.isdir() else tarfile.REGTYPE, size=len(data)),
                io.BytesIO(data),
            )
    return out


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("era", "CURRENT is missing"),
        ("unknown", "no Qdrant snapshot contains"),
        ("escape", "outside"),
        ("link", "link"),
    ],
)
def test_what_hides_in_an_archive_inside_is_found_before_unpacking(
    made: Made, tmp_path: Path, change: str, why: str
) -> None:
    detect(resegmented(made, tmp_path / "good-1-2026-01-01-00-00-00.snapshot", ""))
    with pytest.raises(Problem, match=why):
        detect(resegmented(made, tmp_path / "c-1-2026-01-01-00-00-00.snapshot", change))
