"""Words that ask by HTTP inside a host. They use wget: every installation has it, curl only some."""

from __future__ import annotations

GET = "wget --quiet --tries=1 --timeout=10 --output-document=-"
"""Prints the body; fails unless the answer is good."""
_STATUS = "{ wget --tries=1 --timeout=10 --server-response --output-document=/dev/null %s 2>&1 || true; }"


def status(words: str) -> str:
    """A pipeline that prints the status code of the answer to these words (a URL, options before it)."""
    return f"{_STATUS % words} | sed -n 's/^ *HTTP[^ ]* \\([0-9]*\\).*/\\1/p' | tail -n 1"
