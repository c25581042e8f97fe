"""A test host with the user's world on it: the Compose stack up and full of data.

What can be kept is kept: the host's image, the stack's images, and a Qdrant storage folder that was seeded once.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from . import packed
from .cache import found, kept, key_of
from .host import Host, HostError
from .recipe import Recipe
from .stack.images import PROJECT, STACK, Redis, stack_images
from .stack.qdrant import qdrant_executable
from .wget import GET
from .words import Mount

USER = "ana"
HOME = f"/home/{USER}"
FOLDER = f"{HOME}/omnimind"
ELSEWHERE = f"{HOME}/elsewhere"
SEED = Path(__file__).with_name("seed.py")
SEED_INSIDE = "/testhost/seed.py"
UP_SECONDS = 60.0
SEED_SECONDS = 1800.0
ANSWERS = {
    "backend": f"{GET} http://127.0.0.1:8000/health/",
    "frontend": f"{GET} http://127.0.0.1:3000/",
    "qdrant": f"{GET} http://127.0.0.1:6333/readyz",
    "redis": "exec 3<>/dev/tcp/127.0.0.1/6379; printf 'PING\\r\\n' >&3; read -t 2 -r answer <&3; [[ $answer == +PONG* ]]",
}


def boot_sample(
    points: int = 50_000,
    redis: Redis = "same",
    foreign: bool = False,
    *,
    recipe: Recipe | None = None,
    mounts: Sequence[Mount] = (),
    environment: Mapping[str, str] | None = None,
    seed: int = 7,
    name: str | None = None,
) -> Host:
    """A host with the sample stack running and seeded; stop it when done.

    `points` in the main collection; `redis="newer"` runs Valkey 9 as `redis:alpine`, whose RDB the host's own Redis
    cannot load; `foreign` adds another Compose project (`elsewhere`, port 18080, a named volume) that has to be left
    alone.
    """
    qdrant = qdrant_executable()
    images = stack_images(redis, qdrant)
    host = Host.boot(recipe, [Mount(SEED, SEED_INSIDE), *mounts], name=name, environment=environment)
    try:
        place_stack(host, images, foreign)
        storage = storage_name(qdrant, points, seed)
        seeded = found(storage)
        if seeded:
            unpack(host, seeded)
        start_stack(host, foreign)
        if not seeded:
            host.run(("python3", SEED_INSIDE, "qdrant", f"--points={points}", f"--seed={seed}"), timeout=SEED_SECONDS)
            kept(storage, lambda target: pack(host, target))
        host.run(("python3", SEED_INSIDE, "redis", "uploads", f"--seed={seed}"))
    except BaseException:
        host.stop()
        raise
    return host


def place_stack(host: Host, images: Path, foreign: bool = False) -> None:
    """User ana (in the groups docker and sudo), the project's folder with its `.env`, and the images loaded."""
    host.sh(f"useradd --create-home --shell /bin/bash --groups docker,sudo {USER}; install -d -m 0755 /testhost")
    host.copy_in(PROJECT, FOLDER, owner=f"{USER}:{USER}")
    if foreign:
        host.copy_in(STACK / "elsewhere", ELSEWHERE, owner=f"{USER}:{USER}")
    packed.feed(images, partial(host.popen, ("docker", "load", "--quiet")))
    # Compose before 1.27 (bullseye) wants a version line; Compose 2 (trixie) joins project and service with a dash.
    host.sh(
        f"""
        find {HOME} -name __pycache__ -prune -exec rm -r {{}} +
        chmod 600 {FOLDER}/.env
        install -d -o {USER} -g {USER} {FOLDER}/data {FOLDER}/data/uploads {FOLDER}/data/qdrant
        case $(docker-compose version --short) in
          1.25.*) find {HOME} -name docker-compose.yml -exec sed -i '1i version: "3.7"' {{}} +; exit;;
          1.*) exit;;
        esac
        for service in backend frontend; do
          docker tag omnimind_$service omnimind-$service; docker rmi omnimind_$service
        done
        """,
        timeout=180,
    )


def start_stack(host: Host, foreign: bool = False) -> None:
    """`docker-compose up -d` as ana, then wait until every service answers."""
    host.sh("docker-compose up -d --no-build", user=USER, cwd=FOLDER, timeout=180)
    if foreign:
        host.sh("docker-compose up -d", user=USER, cwd=ELSEWHERE, timeout=60)
    wait_for_stack(host)


def wait_for_stack(host: Host, timeout: float = UP_SECONDS) -> None:
    """Wait until backend, frontend, Qdrant and Redis answer on their published ports."""
    for service, question in ANSWERS.items():
        try:
            host.wait_for(("bash", "-c", question), timeout, service)
        except HostError as error:
            logs = host.run(("docker-compose", "logs", "--no-color", "--tail=30"), cwd=FOLDER, check=False)
            raise HostError(f"{error}\ncontainers:\n{logs.stdout}{logs.stderr}") from error


def storage_name(qdrant: Path, points: int, seed: int) -> str:
    """The cache's name for a storage folder of this Qdrant seeded with this data."""
    key = key_of(qdrant.read_bytes(), SEED.read_bytes(), str(points), str(seed))
    return f"storage-{points}-{key}.tar.zst"


def pack(host: Host, target: Path) -> None:
    """Save Qdrant's storage folder to `target`; its container is stopped meanwhile, for a quiet copy.

    It is compressed out here: a stock host has no zstd.
    """
    script = f"""
        docker stop $(docker ps -q --filter label=com.docker.compose.service=qdrant) >&2
        tar --sparse --numeric-owner -C {FOLDER}/data/qdrant -cf - .
        docker-compose --project-directory {FOLDER} -f {FOLDER}/docker-compose.yml start qdrant >&2
    """
    packed.keep(partial(host.popen, ("bash", "-euc", script)), target)
    wait_for_stack(host)


def unpack(host: Host, source: Path) -> None:
    """Put a saved storage folder where Qdrant will look for it."""
    words = ("tar", "-xpf", "-", "-C", f"{FOLDER}/data/qdrant")
    packed.feed(source, partial(host.popen, words))


def remember(host: Host, text: str = "a thought") -> int:
    """Let the old backend write into both stores; returns the memory's number."""
    answer = host.sh(f"{GET} --post-data={shlex.quote(text)} http://127.0.0.1:8000/remember")
    return int(json.loads(answer)["memory"])
