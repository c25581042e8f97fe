"""`python -m tests.hosts`: boot a test host by hand, enter it, throw it away."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time

from . import leftovers, wheelhouse
from .cache import cache_folder
from .host import Host, HostError
from .image import ensure_image
from .outside import OutsideError, docker
from .prefetch import prefetch
from .recipe import Recipe
from .removal import remove
from .sample import boot_sample
from .stack.images import stack_images


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m tests.hosts", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build and cache the host's image and the stack's images")
    boot = commands.add_parser("boot", help="boot a host (with the sample stack, unless --bare) and leave it running")
    for command in (build, boot):
        command.add_argument("--suite", default="bookworm", help="Debian suite (default: %(default)s)")
        command.add_argument(
            "--package", action="append", default=[], help="one more package in the image; may be repeated"
        )
        command.add_argument(
            "--redis", choices=("same", "newer"), default="same", help="newer: Valkey 9 runs as redis:alpine"
        )
        command.add_argument("--bare", action="store_true", help="without the sample stack")
    boot.add_argument("--points", type=int, default=2_000, help="points in the main collection (default: %(default)s)")
    boot.add_argument("--foreign", action="store_true", help="add another Compose project that must be left alone")
    boot.add_argument("--wheelhouse", action="store_true", help="mount omnimind and its lock as wheels at /wheelhouse")
    boot.add_argument("--name", help="the host's name (default: a fresh one)")
    shell = commands.add_parser("shell", help="a root shell (or a command) in a host")
    shell.add_argument("name", nargs="?", help="default: the only host there is")
    shell.add_argument("--user", default="root")
    shell.add_argument("words", nargs="*", metavar="command")
    stop = commands.add_parser("stop", help="remove hosts")
    stop.add_argument("names", nargs="+")
    clean = commands.add_parser("clean", help="remove all test hosts and their volumes")
    clean.add_argument(
        "--cache", action="store_true", help="also everything that was built: images and the cache folder"
    )
    commands.add_parser("ps", help="list test hosts")
    commands.add_parser("prefetch", help="fill the cache, at idle priority, with all that takes long to build")
    return top


def build(given: argparse.Namespace) -> None:
    """Fill the cache."""
    print(ensure_image(_recipe(given)))
    if not given.bare:
        print(stack_images(given.redis))


def boot(given: argparse.Namespace) -> None:
    """Boot a host and say how to enter it."""
    began, mounts = time.monotonic(), [wheelhouse.mount()] if given.wheelhouse else []
    if given.bare:
        host = Host.boot(_recipe(given), mounts, name=given.name)
    else:
        host = boot_sample(
            given.points, given.redis, given.foreign, recipe=_recipe(given), mounts=mounts, name=given.name
        )
    print(host.name)
    print(f"up after {time.monotonic() - began:.1f} s; enter: python -m tests.hosts shell {host.name}", file=sys.stderr)


def shell(given: argparse.Namespace) -> None:
    """Become a shell in the host."""
    hosts = leftovers.hosts()
    if given.name is None and len(hosts) != 1:
        raise HostError(f"cannot choose a host: there are {len(hosts)}; name one of {hosts}")
    home = "/root" if given.user == "root" else f"/home/{given.user}"
    terminal = ["-t"] if sys.stdin.isatty() else []
    arguments = ["docker", "exec", "-i", *terminal, "--user", given.user, "--workdir", home, f"--env=HOME={home}"]
    os.execvp("docker", [*arguments, given.name or hosts[0], *(given.words or ["bash", "-l"])])


def stop(given: argparse.Namespace) -> None:
    """Remove the named hosts, and nothing that is not a test host."""
    unknown = sorted(set(given.names) - set(leftovers.hosts()))
    if unknown:
        raise HostError(f"cannot stop {', '.join(unknown)}: not a test host")
    for name in given.names:
        remove(name)


def clean(given: argparse.Namespace) -> None:
    """Remove what is left over."""
    print("\n".join(leftovers.clean(with_images=given.cache)))
    if given.cache:
        shutil.rmtree(cache_folder())


def ps(_: argparse.Namespace) -> None:
    """List the hosts."""
    print(
        docker(
            "ps",
            "--all",
            "--filter",
            "label=omnimind.testhost=host",
            "--format",
            "table {{.Names}}\t{{.Status}}\t{{.Image}}",
        )
    )


def fetch(_: argparse.Namespace) -> None:
    """Fill the cache, at idle priority."""
    prefetch()


def main() -> int:
    """Run one command; 1 and a message on stderr when it cannot be done."""
    given = parser().parse_args()
    commands = {"build": build, "boot": boot, "shell": shell, "stop": stop, "clean": clean, "ps": ps, "prefetch": fetch}
    try:
        commands[given.command](given)
    except (HostError, OutsideError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _recipe(given: argparse.Namespace) -> Recipe:
    return Recipe(given.suite, tuple(given.package))


if __name__ == "__main__":
    sys.exit(main())
