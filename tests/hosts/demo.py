"""Boot a host with the sample stack, migrate it for real, print the summary. `bash .ci/demo`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import tool, wheelhouse
from .cache import found
from .cost import Cost
from .demo_options import options
from .host import Host
from .image import ensure_image, tar_name
from .outside import call
from .recipe import Recipe
from .sample import boot_sample
from .side_by_side import Job, Say, run
from .stack.images import root_file_system, stack_images
from .stack.qdrant import qdrant_executable

ROOT = Path(__file__).resolve().parents[2]
RECIPE = Recipe(small=True)
WORKERS = 4
"""More than there are CPUs, as a rule: all of them wait for the network and the disk now and then."""
PAGE_SECONDS = 900


def main() -> int:
    """Run the demo; returns the migration's exit code."""
    chosen = options()
    with Cost.of(os.environ) as cost:

        def say(text: str) -> None:
            print(f"[demo {cost.seconds:4d} s {cost.used() / 1000:4.1f} GB] {text}", flush=True)

        prepare(say)
        code = show(say, chosen.points, chosen.keep)
        say(f"{cost.line()} (~/.cache/omnimind, Docker's images, .venv-*, frontend).")
    return code


def prepare(say: Say) -> None:
    """Everything that takes long and can be kept, as much at a time as there is to do."""
    jobs = (
        Job("host", f"Debian {RECIPE.suite} with systemd and Docker, by mmdebstrap", host_image),
        Job("base of the containers", "a small Debian, by mmdebstrap", root_file_system),
        Job("Qdrant", "a stand-in on Qdrant's own storage engine, by PyInstaller", qdrant_executable),
        Job("omnimind", "its page by npm, its packages by pip", wheels),
    )
    run(jobs, say, WORKERS)
    run(
        (
            Job(
                "containers",
                "the images of the Compose stack, by docker build on a host",
                lambda: stack_images(builder=RECIPE),
            ),
        ),
        say,
        1,
    )


def host_image() -> None:
    """The host's image in the engine; the tar it came from would be its second copy on this disk."""
    ensure_image(RECIPE)
    if tar := found(tar_name(RECIPE)):
        tar.unlink()


def wheels() -> None:
    """The page, which travels in omnimind's wheel, and the wheelhouse."""
    call(("bash", str(ROOT / ".ci/prepare"), "page"), timeout=PAGE_SECONDS)
    wheelhouse.wheelhouse()


def show(say: Say, points: int, keep: bool) -> int:
    """The migration on a host of its own; its exit code."""
    say(f"booting a host with the sample stack; its Qdrant gets {points} points")
    host = boot_sample(points=points, recipe=RECIPE, mounts=[wheelhouse.mount()])
    try:
        say(f"{host.name} is up; installing omnimind on it")
        tool.install(host)
        say("on the host: omnimind migrate --from-docker --no-bench --yes")
        return migrate(host)
    finally:
        if keep:
            say(
                f"kept: .venv-demo/bin/python -m tests.hosts shell {host.name}; .venv-demo/bin/python -m tests.hosts stop {host.name}"
            )
        else:
            host.stop()


def migrate(host: Host) -> int:
    """The command as a person sees it, and the services that run afterwards."""
    terminal = ["-t"] if sys.stdout.isatty() else []
    done = subprocess.run(
        ["docker", "exec", *terminal, host.name, tool.PROGRAM, *tool.WORDS, "--no-bench", "--yes"], check=False
    )
    print(
        host.sh(
            "systemctl list-units --no-legend --plain 'omnimind*' qdrant.service redis-server.service 'postgresql*'"
        )
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
