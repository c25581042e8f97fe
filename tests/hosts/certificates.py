"""The outer machine's CA bundle, for hosts whose way out passes a proxy with its own authority."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from .outside import call

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


def install(name: str) -> None:
    """Copy the bundle into a host that was created, and have all its processes trust it."""
    bundle = outer_bundle()
    pairs = "".join(f'{key}="{value}"\n' for key, value in environment().items())
    defaults = " ".join(f"{key}={value}" for key, value in environment().items())
    files = {
        "etc/environment": pairs.encode(),
        "etc/systemd/system.conf.d/testhost.conf": f"[Manager]\nDefaultEnvironment={defaults}\n".encode(),
        INSIDE.lstrip("/"): bundle.read_bytes() if bundle else b"",
    }
    if bundle:
        call(("docker", "cp", "-", f"{name}:/"), input=_tar_of(files))


def _tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar of these files, all of them root's and readable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
