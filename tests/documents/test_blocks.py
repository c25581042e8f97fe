"""Each code block says where it is run, and the blocks that cannot be run are compared with what they describe."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from omnimind_ops.planning import supported
from omnimind_ops.tools.shell import run
from tests.documents.blocks import CLASSES, GUIDE, README, ROOT, Block, blocks, host_blocks

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("locks/*.md"), *ROOT.glob("tests/**/*.md")]
)


@pytest.mark.parametrize("file", [README, GUIDE], ids=lambda file: file.name)
def test_every_block_of_a_document_that_is_run_has_a_class(file: Path) -> None:
    without = [f"{block.place}: {block.text.splitlines()[0]}" for block in blocks(file) if block.kind not in CLASSES]
    assert without == [], f"write ```sh CLASS, where CLASS is one of {sorted(CLASSES)}"


def test_each_class_has_its_blocks() -> None:
    assert len(blocks(README, "machine")) == 1
    assert len(blocks(README, "ci")) == 1
    assert blocks(GUIDE, "options")
    commands = [line.split("#")[0].split() for block in host_blocks() for line in block.text.splitlines()]
    first = [" ".join(text[:2]) for text in commands]
    for name in (
        "sh install.sh",
        "omnimind doctor",
        "omnimind migrate",
        "omnimind confirm",
        "omnimind rollback",
        "omnimind finish",
    ):
        assert name in first, f"no block of class host runs {name}"


def test_the_readmes_second_command_is_what_ci_runs() -> None:
    (block,) = blocks(README, "ci")
    arguments = shlex.split(block.text, comments=True)
    assert arguments == ["bash", ".ci/run"]
    assert arguments == shlex.split(os.environ.get("OMNIMIND_CI_COMMAND", block.text), comments=True)


@pytest.mark.parametrize("block", blocks(GUIDE, "options"), ids=lambda block: block.place)
def test_options_in_a_synopsis_are_those_of_help(block: Block) -> None:
    program, command = block.text.split()[:2]
    assert program == "omnimind"
    text = run(
        (str(Path(sys.executable).with_name("omnimind")), command, "--help"), env={"COLUMNS": "200", "TERM": "dumb"}
    ).out
    assert set(OPTION.findall(block.text)) == set(OPTION.findall(text)) - {"--help"}


def test_the_readme_claims_what_the_preflight_accepts() -> None:
    assert supported.claim() in " ".join(README.read_text().split())


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_and_pictures_lead_to_files(file: Path) -> None:
    inline = [child for token in MarkdownIt().parse(file.read_text()) for child in token.children or ()]
    targets = [
        str(child.attrs.get("href") or child.attrs.get("src"))
        for child in inline
        if child.type in ("link_open", "image")
    ]
    lost = [target for target in targets if "://" not in target and not (file.parent / target.split("#")[0]).exists()]
    assert lost == []
