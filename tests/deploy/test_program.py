"""The operation that installs Qdrant's program: what it prepares from the facts, and its script run for real."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.render import text
from deploy.roles import packages, qdrant
from omnimind_ops.model.goal import Goal
from omnimind_ops.tools.program import start_script

from .conftest import File, Link, prepare, tar_answer

FOLDER, STAGE = "/opt/omnimind/qdrant/1.20.0", "/stage"
BUNDLED = json.dumps({"version": "1.20.0", "way": "bundled", "packages": [], "loader": "ld-linux-x86-64.so.2"})
PACKAGED = json.dumps(
    {"version": "1.20.0", "way": "packages", "packages": ["libunwind8"], "loader": "ld-linux-x86-64.so.2"}
)
SAME = f"9 1 755 root {STAGE}/qdrant\n9 1 755 root {FOLDER}/qdrant"


def installed(facts: str, script: str) -> str:
    """What stands on a host where this was staged and installed."""
    files = (
        File(f"{STAGE}/program.json", facts),
        File(f"{FOLDER}/program.json", facts),
        File(f"{FOLDER}/start", script, 0o755),
    )
    return tar_answer(*files, Link(qdrant.CURRENT, FOLDER))


def test_a_second_time_changes_nothing_for_any_way(goal: Goal) -> None:
    for facts, script in ((BUNDLED, start_script("ld-linux-x86-64.so.2")), (PACKAGED, start_script())):
        result = prepare(qdrant.install, goal, {"stat -L": SAME, "program.json": installed(facts, script)})
        assert "start" not in result.shell, facts


@pytest.mark.parametrize(("facts", "loader"), [(BUNDLED, True), (PACKAGED, False)])
def test_only_a_bundle_is_started_through_its_loader(goal: Goal, facts: str, loader: bool) -> None:
    result = prepare(
        qdrant.install,
        goal,
        {"stat -L": f"9 1 755 root {STAGE}/qdrant", "program.json": tar_answer(File(f"{STAGE}/program.json", facts))},
    )
    assert ("--library-path" in result.shell) is loader and ('rm -rf "$new/lib"' in result.shell) is not loader


def test_a_program_installed_before_it_had_a_script_gets_one_even_if_its_source_is_gone(goal: Goal) -> None:
    result = prepare(
        qdrant.install,
        goal,
        {"stat -L": f"9 1 755 root {FOLDER}/qdrant", "program.json": tar_answer(Link(qdrant.CURRENT, FOLDER))},
    )
    assert "$folder/start" in result.shell and "cp -rp" not in result.shell and "+ " + FOLDER not in result.lines


def test_packages_of_the_program_are_installed_with_all_the_others(goal: Goal) -> None:
    assert "libunwind8" in prepare(packages.install, replace(goal, qdrant_packages=("libunwind8",))).shell
    assert "libunwind8" not in prepare(packages.install, goal).shell


@pytest.mark.parametrize(
    ("there", "staged", "served"),
    [
        ("", "", "enable_static_content: false"),
        ("", "/stage/static", f"static_content_dir: {qdrant.CURRENT}/static"),
        (f"{FOLDER}/static/index.html", "", f"static_content_dir: {qdrant.CURRENT}/static"),
        ("/var/lib/qdrant/static/index.html", "/stage/static", "static_content_dir: /var/lib/qdrant/static"),
    ],
)
def test_the_web_ui_is_served_from_where_there_is_one_the_persons_own_first(
    goal: Goal, there: str, staged: str, served: str
) -> None:
    result = prepare(
        qdrant.configure, replace(goal, qdrant_static=staged), {"stat -L": f"9 1 644 root {there}" if there else ""}
    )
    assert any(served.encode() in upload for upload in result.uploads)


def staged_folder(folder: Path) -> Path:
    """A program that is a script, with the parts of a bundle."""
    for part in ("lib", "loader", "static"):
        (folder / part).mkdir(parents=True)
    (folder / "lib" / "libfoo.so.1").write_text("")
    (folder / "static" / "index.html").write_text("")
    (folder / "loader" / "qdrant").symlink_to("../lib/ld")
    (folder / "qdrant").write_text("#!/bin/sh\necho told $*\n")
    (folder / "qdrant").chmod(0o755)
    return folder


@pytest.mark.skipif(
    os.geteuid() != 0, reason="the script hands everything to root and tries the program as another user"
)
@pytest.mark.parametrize("bundled", [False, True])
def test_the_script_installs_all_or_nothing(tmp_path: Path, bundled: bool) -> None:
    stage, target = staged_folder(tmp_path / "stage"), tmp_path / "1.20.0"
    tmp_path.chmod(0o755)

    def installs(program: str) -> bool:
        (stage / "qdrant").write_text(program)
        values = {
            "source": f"{stage}/qdrant",
            "stage": stage,
            "folder": target,
            "link": tmp_path / "current",
            "user": "root",
            "script": start_script(),
        }
        script = text(
            "scripts/program.sh.j2",
            fresh=True,
            bundled=bundled,
            **{key: shlex.quote(str(value)) for key, value in values.items()},
        )
        return subprocess.run(("sh", "-c", script), capture_output=True, check=False).returncode == 0

    assert installs("#!/bin/sh\necho told $*\n")
    assert (
        subprocess.run((tmp_path / "current" / "start", "x"), capture_output=True, text=True, check=True).stdout
        == "told x\n"
    )
    assert (target / "lib").exists() is bundled and (target / "static" / "index.html").exists()
    assert not installs("#!/bin/sh\nexit 1\n"), "one that does not run is not installed"
    assert (
        subprocess.run((tmp_path / "current" / "start", "y"), capture_output=True, text=True, check=True).stdout
        == "told y\n"
    )
