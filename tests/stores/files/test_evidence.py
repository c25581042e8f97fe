"""A folder that lost its files with its containers is refused, and what people delete is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.notes import EvidenceNotes, NoNotes
from omnimind_ops.model.payloads import CheckEvidencePayload, NoteEvidencePayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.evidence import CheckEvidenceStep, NoteEvidenceStep
from omnimind_ops.stores.files.evidence import folder_evidence, refuse_smaller


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten files of 100 bytes."""
    top = tmp_path / "uploads"
    (top / "deep").mkdir(parents=True)
    for number in range(10):
        (top / "deep" / f"{number}").write_bytes(bytes(100))
    return top


def test_the_steps_refuse_a_folder_that_was_emptied_and_accept_one_deleted_file(folder: Path) -> None:
    notes, result = MemoryNotes(), list[str]()
    noted = Memo(notes, "note-folders", EvidenceNotes)
    check, checking = Task("check-folders", CheckEvidencePayload()), Memo(notes, "check-folders", NoNotes)
    NoteEvidenceStep().do(
        Task("note-folders", NoteEvidencePayload((str(folder),))), noted, lambda e: result.append(e.text)
    )
    assert result == [f"{folder}: 10 files, 1000 bytes"]
    CheckEvidenceStep().do(check, checking, lambda e: result.append(e.text))
    (folder / "deep" / "3").unlink()
    CheckEvidenceStep().do(check, checking, lambda e: result.append(e.text))
    assert result[1:] == [f"{folder}: 1 files were deleted while the containers stopped"]
    for path in (folder / "deep").iterdir():
        path.unlink()
    with pytest.raises(Problem, match="it has 0 files with 0 bytes; while the containers ran it had 10 files"):
        CheckEvidenceStep().do(check, checking, lambda e: None)


def test_files_that_vanish_from_a_folder_in_which_nothing_was_deleted_are_refused(folder: Path) -> None:
    noted = folder_evidence(folder)
    with pytest.raises(Problem, match="1 of 11 files are gone, although nothing was deleted"):
        refuse_smaller(folder, replace(noted, files=11), noted)


def test_another_folder_under_the_same_path_is_refused(folder: Path) -> None:
    noted = folder_evidence(folder, live=True)
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    with pytest.raises(Problem, match="not the directory that was there"):
        refuse_smaller(folder, noted, folder_evidence(folder))


def test_files_emptied_in_place_are_refused_and_new_ones_are_not(folder: Path) -> None:
    noted = folder_evidence(folder)
    (folder / "deep" / "new").write_bytes(bytes(500))
    assert refuse_smaller(folder, noted, folder_evidence(folder)) == 0
    for number in range(10):
        (folder / "deep" / f"{number}").write_bytes(b"")
    (folder / "deep" / "new").unlink()
    with pytest.raises(Problem, match="it has 10 files with 0 bytes"):
        refuse_smaller(folder, noted, folder_evidence(folder))
