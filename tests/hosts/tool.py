"""omnimind on a test host, installed as a person would: a venv of its own, from the wheelhouse."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .host import Host
from .sample import FOLDER

VENV = "/opt/omnimind-cli"
PROGRAM = f"{VENV}/bin/omnimind"
CENSUS = Path(__file__).with_name("census.py")
WORDS = ("migrate", "--from-docker", "--wheelhouse", "/wheelhouse")


def install(host: Host) -> None:
    """Install the command line; seconds."""
    host.sh(
        f"python3 -m venv {VENV} && {VENV}/bin/pip install --quiet --no-index --find-links /wheelhouse omnimind[backend] && ln -sf {PROGRAM} /usr/local/sbin/omnimind",
        timeout=300,
    )


def omnimind(host: Host, *words: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command of it."""
    return host.run((PROGRAM, *words), check=check, timeout=timeout)


def migrate(host: Host, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Migrate, confirmed at once."""
    return omnimind(host, *WORDS, "--yes", *words, check=check)


def results(said: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Every JSON line of a `--json` run; a line that is not JSON fails here."""
    return [json.loads(line) for line in said.stdout.splitlines()]


def kill_at(host: Host, step: str, words: Sequence[str] = (*WORDS, "--yes")) -> None:
    """Start a command and `kill -9` its process group when it says that `step` is being done."""
    with host.popen(("bash", "-c", 'echo $$; exec "$@"', "bash", PROGRAM, *words, "--json"), stderr=subprocess.DEVNULL) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        for line in client.stdout:
            event = json.loads(line)
            if event.get("step") == step and event.get("data", {}).get("status") == "doing":
                host.run(("bash", "-c", f"kill -9 -- -{pid} || kill -9 {pid}"))
                return
    raise AssertionError(f"{step} never began")


def census(host: Host, *, native: bool) -> dict[str, Any]:
    """Everything the stores hold, counted and hashed by a script of its own."""
    host.write("/testhost/census.py", CENSUS.read_text())
    words = ["--uploads", "/var/lib/omnimind/uploads" if native else f"{FOLDER}/data/uploads"]
    if native:
        words += ["--qdrant-key", "/etc/omnimind/secrets/qdrant.key", "--redis-password", "/etc/omnimind/secrets/redis.password"]
    found: dict[str, Any] = json.loads(host.run(("python3", "/testhost/census.py", *words), timeout=300).stdout)
    return found
