"""The outer machine's CA bundle, for hosts whose way out passes a proxy with its own authority."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/etc/ssl/certs/testhost-ca.crt"
VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def outer_bundle() -> Path | None:
    """The bundle this machine trusts: `$SSL_CERT_FILE`, else Debian's; None where there is neither."""
    named = Path(os.environ.get("SSL_CERT_FILE") or DEFAULT)
    return next((path for path in (named, DEFAULT) if path.is_file()), None)


def environment() -> dict[str, str]:
    """What the host's processes need in order to trust the copied bundle."""
    return dict.fromkeys(VARIABLES, INSIDE)
