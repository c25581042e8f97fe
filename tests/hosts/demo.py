"""Boot a host with the sample stack, migrate it for real, print the summary. `bash .ci/demo`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import tool, wheelhouse
from .cost import Cost
from .demo_options import options
from .host import Host
from .image import import_directly
from .outside import call
from .recipe import Recipe
from .sample import boot_sample
from .side_by_side import Job, Say, run
from .stack import qdrant
from .stack.images import ROOTFS, root_file_system, stack_images
from .stack.program import image_program, image_program_cached

ROOT = Path(__file__).resolve().parents[2]
RECIPE = Recipe(small=True)
WORKERS = 4
"""More than there are CPUs, as a rule: all of them wait for the network and the disk now and then."""
PREPARE_SECONDS = 900


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
        Job("host", f"Debian {RECIPE.suite} with systemd and Docker, by mmdebstrap", lambda: import_directly(RECIPE)),
        Job("base of the containers", "a small Debian, by mmdebstrap", root_file_system),
        Job("Qdrant", "a stand-in on Qdrant's own storage engine, by PyInstaller and gcc", program),
        Job("omnimind", "its page by npm, its packages by pip", wheels),
    )
    run(jobs, say, WORKERS)
    how = "the images of the Compose stack, by docker build on a host"
    run((Job("containers", how, lambda: stack_images(builder=RECIPE)),), say, 1)


def program() -> None:
    """The program of the stack's Qdrant. The compiler goes again, unless it was there: it is as large as the program's
    containers.
    """
    built = qdrant.cached()
    if not built or not image_program_cached(built, Path(ROOTFS)):
        ci_prepare("build-tools")
        image_program(qdrant.qdrant_executable(), root_file_system())
    ci_prepare("no-build-tools")


def wheels() -> None:
    """The page, which travels in omnimind's wheel, and the wheelhouse."""
    ci_prepare("page")
    wheelhouse.wheelhouse()


def ci_prepare(part: str) -> None:
    """Run a part of `.ci/prepare`."""
    call(("bash", str(ROOT / ".ci/prepare"), part), timeout=PREPARE_SECONDS)


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
