"""The code blocks of a Markdown file and the class of each: the second word after the opening fence says where it is
run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "docs/guide.md"
CLASSES = {
    "machine": "by root, in a clone, on a machine that nothing prepared: test_first_command.py",
    "ci": "by CI, which is this command: test_blocks.py",
    "host": "by root, in a clone, on a host whose containers run; all of them one after the other: test_host_commands.py",
    "options": "not run: what `--help` lists: test_blocks.py",
}


@dataclass(frozen=True)
class Block:
    """A code block: where it stands (for messages), what follows the opening fence, and its text, unchanged."""

    file: Path
    line: int
    info: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"

    @property
    def kind(self) -> str:
        """The block's class; "" where its fence names none."""
        words = self.info.split()
        return words[1] if len(words) == 2 and words[0] == "sh" else ""


def blocks(file: Path, kind: str | None = None) -> list[Block]:
    """Every code block of a document in order, fenced or indented, or those of one class."""
    results = [
        Block(file, (token.map or [0])[0] + 1, token.info.strip(), token.content)
        for token in MarkdownIt().parse(file.read_text())
        if token.type in ("fence", "code_block")
    ]
    return [block for block in results if kind is None or block.kind == kind]


def host_blocks() -> list[Block]:
    """What a person types on a host: the README first, then the guide."""
    return [*blocks(README, "host"), *blocks(GUIDE, "host")]
