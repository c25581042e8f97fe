"""Keep secrets out of the journal: refuse them where a programmer named them, blot them out where they came along in text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from omnimind_ops.model.json import JSON

MASK = "***"
_NAMES = r"password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|auth"
_LAST_WORD = re.compile(
    rf"(?:^|[_\-.\s]|(?<=[a-z])(?=[A-Z]))(?:{_NAMES})$", re.IGNORECASE
)  # password, db_password; not password_file
_IN_URL = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?P<value>[^\s/@]+)(?=@)", re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?P<before>\b[\w-]*(?:{_NAMES})\b[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s\"',;&]+)", re.IGNORECASE
)
_FLAG = re.compile(
    r"(?P<before>(?<!\S)(?:[-+]{1,3}[\w-]*(?:password|passwd|token|secret|api-key)|[-+]{0,2}(?:requirepass|masterauth))\s+)(?P<value>\S+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<before>\bbearer\s+)(?P<value>[\w.~+/=-]{8,})", re.IGNORECASE)


def redact(text: str) -> str:
    """Return text with passwords in URLs, after `password=` and `--password`, and bearer tokens replaced by ***."""
    for pattern in (_IN_URL, _BEARER, _FLAG, _ASSIGNED):
        text = pattern.sub(rf"\g<before>{MASK}", text)
    return text


def redact_json(value: JSON) -> JSON:
    """Return value with every text in it redacted, and texts under a secret's name replaced."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: MASK if isinstance(item, str) and item and is_secret_name(key) else redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, Sequence):
        return [redact_json(item) for item in value]
    return value


def is_secret_name(key: str) -> bool:
    """Tell whether a key's last word is a secret's name: `db_password` is, `password_file` and `api_key_of` are not."""
    return _LAST_WORD.search(key) is not None


def refuse_secrets(values: Mapping[str, JSON], where: str) -> None:
    """Raise ValueError when a top-level entry is a secret. Deeper names are data (a Redis key may be called `token`), not ours to judge."""
    for key, value in values.items():
        if isinstance(value, str) and value and (is_secret_name(key) or _IN_URL.search(value)):
            raise ValueError(
                f"cannot keep {key!r} of {where} in the journal: it looks like a secret; keep a path to it instead"
            )
