"""Secrets: which names stand for one, and how they are removed from text that is shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from omnimind_ops.model.json import JSON

MASK = "***"
SHORTEST = 4  # shorter secrets would mask innocent words
_NAMES = r"password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|auth"
_LAST_WORD = re.compile(rf"(?:^|[_\-.\s]|(?<=[a-z])(?=[A-Z]))(?:{_NAMES})$", re.IGNORECASE)
_PART = r"KEY|TOKEN|PASS|SECRET|PWD|CREDENTIAL|PRIVATE|AUTH(?!OR)|SALT|JWT|COOKIE|ENCRYPT|SIGNING|WEBHOOK|DSN"
"""Parts of the names of variables that public images take secrets from: REDISCLI_AUTH, NEO4J_AUTH, PAPERLESS_SALT."""
_PLAIN = frozenset(
    ["true", "false", "none", "null", "enabled", "disabled", "required", "optional", "default", "localhost"]
)
_ANY_PART = re.compile(_PART, re.IGNORECASE)
_FLAG = r"[-+]{1,3}[\w-]*(?:password|passwd|token|secret|api-key)|[-+]{0,2}(?:requirepass|masterauth)"
_TAKES_SECRET = re.compile(rf"{_FLAG}|-a", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:[^\s/@]+@", re.IGNORECASE)
_IN_TEXT = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"(?P<before>[a-z][a-z0-9+.-]*://)(?:[^\s/,'\"]+|[^\s:/,'\"]*:[^\s,'\"]+)(?=@)", re.IGNORECASE),
        (r"(?P<before>\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
        (rf"(?P<before>(?<!\S)(?:{_FLAG})(?:\s+|=))\S+", re.IGNORECASE),
        (r"(?P<before>\bredis-cli\s(?:[^;|&\n]*\s)?-a\s+)\S+", 0),
        (rf"(?P<before>\b[A-Z0-9_]*(?:{_PART})[A-Z0-9_]*=)[^\s\"']+", 0),  # an environment variable: its whole word
        (rf"(?P<before>\b[\w-]*(?:{_NAMES})\b[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]+", re.IGNORECASE),
    )
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return text without the `secrets`, logins in URLs, bearer tokens, and the values of secret names or options."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<before>{MASK}", text)
    return text


def redact_json(value: JSON) -> JSON:
    """Return the value with every text in it redacted, and texts under a secret's name replaced."""
    match value:
        case str():
            return redact(value)
        case Mapping():
            return redact_fields(value)
        case Sequence():
            return [redact_json(item) for item in value]
        case _:
            return value


def redact_fields(fields: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return an object with every text in it redacted, and texts under a secret's name replaced."""
    return {
        key: MASK if isinstance(item, str) and item and is_secret_name(key) else redact_json(item)
        for key, item in fields.items()
    }


def is_secret_name(key: str) -> bool:
    """Return whether one of OmniMind's keys stands for a secret by its last word.

    `db_password` does, `password_file` and `api_key_of` do not.
    """
    return _LAST_WORD.search(key) is not None


def may_be_secret(name: str) -> bool:
    """Return whether a setting from elsewhere may contain a secret: STRIPE_KEY, DASHBOARD_PASS."""
    return _ANY_PART.search(name) is not None


def takes_secret(option: str) -> bool:
    """Return whether the word after this option is a secret ("--requirepass")."""
    return _TAKES_SECRET.fullmatch(option) is not None


def secrets_in(environment: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values of variables that may contain secrets, longest first."""
    values = {str(value) for name, value in environment.items() if may_be_secret(name) and isinstance(value, str | int)}
    values |= {
        value.partition("/")[2] for value in values if re.fullmatch(r"\w+/[^/]+", value)
    }  # NEO4J_AUTH: name/password
    secrets = (value for value in values if len(value) >= SHORTEST and value.lower() not in _PLAIN)
    return tuple(sorted(secrets, key=len, reverse=True))


def refuse_secrets(values: Mapping[str, JSON], where: str) -> None:
    """Raise ValueError when a top-level entry is a secret.

    Deeper names are data (a Redis key may be called `token`).
    """
    for key, value in values.items():
        if isinstance(value, str) and value and (is_secret_name(key) or _PASSWORD_IN_URL.search(value)):
            raise ValueError(
                f"cannot keep {key!r} of {where} in the journal: it looks like a secret; keep a path to it instead"
            )
