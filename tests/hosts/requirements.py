"""Whether this machine can boot test hosts at all."""

from __future__ import annotations

import os
import shutil

from .outside import OutsideError, docker

REQUIRED = "OMNIMIND_REQUIRE_HOSTS"


def why_no_host() -> str | None:
    """Why no test host can boot here, or None when one can."""
    absent = [tool for tool in ("docker", "mmdebstrap") if shutil.which(tool) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (Debian: apt-get install docker.io mmdebstrap iptables)"
    if os.geteuid() != 0:
        return "mmdebstrap needs root to make the host's image"
    try:
        docker("info", "--format", "{{.ServerVersion}}", timeout=20)
    except OutsideError as error:
        return f"no Docker engine answers: {error}"
    return None


def must_run() -> bool:
    """Whether a machine without hosts is a failure rather than a skip (CI sets `$OMNIMIND_REQUIRE_HOSTS`)."""
    return bool(os.environ.get(REQUIRED))
