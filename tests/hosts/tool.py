"""omnimind on a test host, installed as README says: by install.sh, from the wheelhouse or from an index.

What the first installation from the wheelhouse made is kept, and unpacked on the hosts after it: it is the same files.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from omnimind_ops.origin import digest, file_name

from . import packed
from .cache import kept, key_of
from .host import Host
from .sample import FOLDER

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/usr/local/bin/omnimind"
INSTALLER = ROOT / "install.sh"
INSTALLED = ("opt/omnimind", "usr/local")
"""All that install.sh writes where it needs no package."""
PACKAGES = "dpkg-query -W"
VENV = "/opt/omnimind/cli/current"
"""The command's own environment."""
CENSUS = Path(__file__).with_name("census.py")
API = Path(__file__).with_name("api.py")
FROM_WHEELHOUSE = ("--wheelhouse", "/wheelhouse")
WHEEL = f"/wheelhouse/{file_name()}"
"""Our own wheel; nobody is asked for it by name."""
MIGRATE = ("migrate", "--from-docker")
WORDS = (*MIGRATE, *FROM_WHEELHOUSE)
PROCESSES = ("omnimind-engine", *(f"omnimind-{port}@{number}" for port in (8000, 8080, 3001) for number in (1, 2)))
"""The engine and the six workers."""
OWN = re.compile(r"collection omnimind_health$|key 0 b'omnimind:(health|rate|sessions?|embedding):")
"""What health checks and the API leave in the stores."""
RESIDENT = """
for unit in "$@"; do
  pid=$(systemctl show -p MainPID --value "$unit")
  for one in $pid $(pgrep -P "$pid" || true); do cat "/proc/$one/smaps_rollup"; done |
    awk -v unit="$unit" '$1 == "Rss:" { rss += $2 } $1 == "Pss:" { pss += $2 } END { print unit, rss, pss }'
done
"""


def install(host: Host, options: Sequence[str] = FROM_WHEELHOUSE) -> None:
    """Install the command as a person does, from our wheel; `options` are install.sh's."""
    host.write("/testhost/install.sh", INSTALLER.read_text())
    host.run(("sh", "/testhost/install.sh", "--yes", *options, WHEEL), timeout=600)


def place(host: Host) -> None:
    """Have the command on a stock host as `install` leaves it, for a test of what comes afterwards."""
    made: list[Path] = []

    def build(target: Path) -> None:
        packages = host.sh(PACKAGES)
        install(host)
        assert host.sh(PACKAGES) == packages, "more than files was installed"
        words = ("tar", "--format=posix", "--numeric-owner", "-C", "/", "-c", *INSTALLED)
        packed.keep(partial(host.popen, words), target)
        made.append(target)

    locks = ((ROOT / f"locks/{name}.txt").read_bytes() for name in ("cli", "cpu"))
    key = key_of(digest(), *locks, INSTALLER.read_bytes(), host.recipe.key)
    command = kept(f"command-{key}.tar.zst", build)
    if not made:
        packed.feed(command, partial(host.popen, ("tar", "-x", "-p", "-C", "/")))


def omnimind(host: Host, *words: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command of it."""
    return host.run((PROGRAM, *words), check=check, timeout=timeout)


def migrate(
    host: Host, *words: str, check: bool = True, start: Sequence[str] = WORDS
) -> subprocess.CompletedProcess[str]:
    """Migrate, confirmed at once."""
    return omnimind(host, *start, "--yes", *words, check=check)


def results(said: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Every JSON line of a `--json` run; a line that is not JSON fails here."""
    return [json.loads(line) for line in said.stdout.splitlines()]


def kill_at(host: Host, step: str, words: Sequence[str] = (*WORDS, "--yes")) -> None:
    """Start a command and `kill -9` its process group when it says that `step` is being done."""
    with host.popen(
        ("bash", "-c", 'echo $$; exec "$@"', "bash", PROGRAM, *words, "--json"), stderr=subprocess.DEVNULL
    ) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        for line in client.stdout:
            event = json.loads(line)
            if event.get("step") == step and event.get("data", {}).get("status") == "doing":
                host.run(("bash", "-c", f"kill -9 -- -{pid} || kill -9 {pid}"))
                return
    raise AssertionError(f"{step} never began")


def census(host: Host, *, native: bool) -> dict[str, Any]:
    """Everything the stores hold, counted and hashed by a script of its own; without what the native services write by
    themselves.
    """
    host.write("/testhost/census.py", CENSUS.read_text())
    words = ["--uploads", "/var/lib/omnimind/uploads" if native else f"{FOLDER}/data/uploads"]
    if native:
        words += [
            "--qdrant-key",
            "/etc/omnimind/secrets/qdrant.key",
            "--redis-password",
            "/etc/omnimind/secrets/redis.password",
        ]
    found: dict[str, Any] = json.loads(host.run(("python3", "/testhost/census.py", *words), timeout=300).stdout)
    return {
        store: {name: fact for name, fact in facts.items() if not OWN.match(name)} for store, facts in found.items()
    }


def use(host: Host, name: str, password: str, text: str, question: str, past: Sequence[str] = ()) -> dict[str, Any]:
    """What the API told a user who did all that api.py does."""
    host.write("/testhost/api.py", API.read_text())
    words = [
        "--name",
        name,
        "--text",
        text,
        "--question",
        question,
        *(word for one in past for word in ("--find", one)),
    ]
    told: dict[str, Any] = json.loads(
        host.run(("python3", "/testhost/api.py", *words), input=f"{password}\n", timeout=180).stdout
    )
    return told


def memory(host: Host) -> dict[str, tuple[float, float]]:
    """Memory of the engine and each worker with their children: resident, and their share of it (what they share with
    others divided), in MB.
    """
    said = host.run(("bash", "-euc", RESIDENT, "bash", *PROCESSES)).stdout
    return {unit: (int(rss) / 1024, int(pss) / 1024) for unit, rss, pss in (line.split() for line in said.splitlines())}
