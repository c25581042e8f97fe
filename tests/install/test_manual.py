"""The manual page has every command and option, and no word of them is taken for a request to roff."""

from __future__ import annotations

import re

from omnimind_ops.cli import manual

REQUESTS = {".TH", ".SH", ".SS", ".TP", ".B"}


def test_every_command_and_option_is_there() -> None:
    page = manual.page().replace(r"\-", "-")
    for command in ("migrate", "rollback", "bench embeddings", "user add"):
        assert f'.SS "omnimind {command}' in page
    for option in ("--wheelhouse", "--take-over", "--dry-run"):
        assert option in page
    assert "--unconfirmed" not in page, "hidden"


def test_lines_are_text_or_known_requests() -> None:
    for line in manual.page().splitlines():
        assert line and (line[0] not in ".'" or line.split()[0] in REQUESTS)


def test_a_word_that_looks_like_a_request_is_none() -> None:
    assert manual._text(".so /etc/passwd") == r"\&.so /etc/passwd"
    assert re.sub(r"\\e", "", manual._text("a\\b")) == "ab"
