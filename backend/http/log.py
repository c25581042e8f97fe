"""The log: one JSON object per line on stderr, without configured secrets or anything that looks like a credential."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from backend.settings import Settings

_LOG = logging.getLogger("omnimind")
_HIDDEN = "***"
_LOOKS_SECRET = re.compile(
    r"(omt_)[\w-]+|(omnimind_session=)[^\s;,'\"]+|(://[^\s:/@]*:)[^\s@]+(?=@)"
    r"|((?:password|passwd|token|api[-_]?key|authorization)['\"]?\s*[=:]\s*['\"]?(?:bearer\s+)?)[^\s&'\",;]+",
    re.IGNORECASE,
)
MAX_FIELD = 8000
"""Maximum characters of one field: an exception may quote a whole document."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON and masks `secrets` wherever they occur."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(
            {key: self._clean(str(value)) for key, value in fields.items() if value is not None}, ensure_ascii=False
        )

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _LOOKS_SECRET.sub(lambda match: next(filter(None, match.groups())) + _HIDDEN, text)[:MAX_FIELD]


def configure(level: str, secrets: Iterable[str] = ()) -> None:
    """Send every logger of this process to stderr through JsonFormatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def secrets_of(settings: Settings) -> list[str]:
    """Return the secrets to mask: Qdrant's key and the passwords in the URLs, encoded and decoded."""
    secrets = [settings.qdrant_api_key]
    for url in (settings.postgres_dsn, settings.redis_url):
        password = urlsplit(url).password or ""
        secrets += [password, unquote(password)]
    return secrets


def failure(event: str, error: BaseException, *, with_trace: bool, **fields: object) -> None:
    """Log a failure, with its traceback only for an internal error."""
    lines = str(error).strip().splitlines()
    details = {**fields, "error": type(error).__name__, "message": lines[0] if lines else ""}
    _LOG.log(
        logging.ERROR if with_trace else logging.WARNING,
        event,
        exc_info=error if with_trace else None,
        extra={"fields": details},
    )
