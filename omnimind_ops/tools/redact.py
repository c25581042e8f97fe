"""Take secrets out of text that people will see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MASK = "***"
_NAME = re.compile(r"KEY|TOKEN|PASS|SECRET|PWD|CREDENTIAL|PRIVATE", re.IGNORECASE)
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s,'\"]+@")
_TAKES = r"--?(?:requirepass|masterauth|[a-z-]*(?:password|passwd|token|secret|api-key))|-a|requirepass"
_TAKES_SECRET = re.compile(_TAKES, re.IGNORECASE)
_FLAG = re.compile(rf"(?P<flag>(?:^|(?<=\s))(?:{_TAKES})(?:\s+|=))\S+", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?P<name>\b\w*(?:KEY|TOKEN|PASS|SECRET|PWD|CREDENTIAL)\w*=)[^\s\"']+", re.IGNORECASE)
SHORTEST = 4  # shorter secrets would blank out innocent words


def secret_name(name: str) -> bool:
    """Tell whether a setting of this name holds a secret."""
    return bool(_NAME.search(name))


def takes_secret(word: str) -> bool:
    """Tell whether the word after this one is a secret ("--requirepass")."""
    return bool(_TAKES_SECRET.fullmatch(word))


def secrets_in(environment: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values of settings that hold secrets, longest first."""
    found = {
        str(value)
        for name, value in environment.items()
        if secret_name(name) and isinstance(value, str | int) and len(str(value)) >= SHORTEST
    }
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return text without known secrets, user names and passwords in URLs, and what follows password flags."""
    for secret in known:
        text = text.replace(secret, MASK)
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    return _ASSIGNED.sub(rf"\g<name>{MASK}", _FLAG.sub(rf"\g<flag>{MASK}", text))
