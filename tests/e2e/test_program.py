"""Qdrant's program of a container that is newer than the host: taken, installed and started by the product's own steps.

The hosts are stock ones. The program is a compiled one, made in trixie: it needs libunwind, which a stock host lacks,
and glibc 2.38, which these hosts lack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import compiler, python
from tests.hosts.host import Host
from tests.hosts.recipe import Recipe
from tests.hosts.wget import GET
from tests.hosts.words import Mount

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SOURCE = Path(__file__).resolve().parents[1] / "fixtures" / "server" / "server.c"
ROOT = "http://127.0.0.1:6333/"
NEWEST = "trixie"
PACKAGES = ("libunwind-dev", "liblzma-dev")
CONTEXT = "/testhost/context"
VOLUME = "/srv/qdrant:/qdrant/storage"
FOLDER = "/opt/omnimind/qdrant/1.18.3"
DOCKERFILE = """\
FROM newest
COPY server /qdrant/qdrant
COPY static/ /qdrant/static/
WORKDIR /qdrant
CMD ["./qdrant"]
"""


@pytest.fixture(scope="module", params=["bullseye", "bookworm"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A stock host on which a container of the newest suite serves."""
    root = compiler.root(NEWEST, PACKAGES)
    program = compiler.compiled(NEWEST, PACKAGES, SOURCE, "-lunwind-ptrace")
    mounts = python.pack(tmp_path_factory.mktemp("python"))
    with Host.boot(
        Recipe(request.param), [*mounts, Mount(root, "/testhost/root.tar"), Mount(program, "/testhost/server")]
    ) as booted:
        booted.write(f"{CONTEXT}/Dockerfile", DOCKERFILE)
        booted.write(f"{CONTEXT}/static/index.html", "<!doctype html><title>Qdrant Web UI</title>\n")
        booted.write(f"{CONTEXT}/static/assets/app.js", "console.log('up')\n")
        booted.sh(
            f"""
            install -m 755 /testhost/server {CONTEXT}/server
            mkdir -p /srv/qdrant/collections
            docker import /testhost/root.tar newest
            docker build --quiet --tag qdrant/qdrant:v1.18.3 {CONTEXT}
            docker run --detach --name qdrant --publish 127.0.0.1:6333:6333 --volume {VOLUME} qdrant/qdrant:v1.18.3
            """,
            timeout=300,
        )
        booted.wait_for((*GET.split(), ROOT), 30, "the container's Qdrant")
        yield booted


def refused(host: Host, *arguments: str) -> str:
    """What the product says when it refuses; it has written nothing."""
    done = host.run((python.PYTHON, "-m", "tests.hosts.install_qdrant", *arguments), check=False, timeout=300)
    assert done.returncode != 0 and "Problem" in done.stderr
    assert not host.exists("/opt/omnimind") and not host.exists("/var/lib/omnimind")
    return done.stderr


def test_the_program_without_its_container_is_refused(host: Host) -> None:
    assert "this host lacks libc.so.6 with GLIBC_2.38" in refused(host, "qdrant", "/testhost/server")


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("without", "rm /qdrant/qdrant", "has no file /qdrant/qdrant"),
        # The machine is two bytes at 18; 183 is aarch64.
        (
            "foreign",
            r"printf '\267\0' | dd of=/qdrant/qdrant bs=1 seek=18 conv=notrunc",
            "it is built for aarch64, and this host is x86_64",
        ),
        ("damaged", "truncate --size 5000 /qdrant/qdrant", "is damaged or not a Linux program"),
    ],
)
def test_an_image_whose_program_cannot_run_here_is_refused(host: Host, name: str, change: str, why: str) -> None:
    host.write(
        "/testhost/other/Dockerfile",
        f'FROM qdrant/qdrant:v1.18.3\nRUN mv qdrant other && cp other qdrant && {change}\nCMD ["./other"]\n',
    )
    host.sh(
        f"docker build --quiet --tag {name} /testhost/other; docker run --detach --name {name} --volume {VOLUME} {name}"
    )
    try:
        host.wait_for(
            ("bash", "-c", f"{GET} $(docker inspect --format '{{{{.NetworkSettings.IPAddress}}}}' {name}):6333"),
            30,
            name,
        )
        assert why in refused(host, name)
    finally:
        host.sh(f"docker rm --force {name}")


@pytest.fixture(scope="module")
def installed(host: Host) -> dict[str, object]:
    """What the product found and did; then the unit was started in the container's place."""
    assert host.run(("/testhost/server", "--version"), check=False).returncode != 0, (
        "the host must not be able to run it as it is"
    )
    done = host.run((python.PYTHON, "-m", "tests.hosts.install_qdrant", "qdrant"), timeout=300)
    host.sh("docker stop qdrant; systemctl daemon-reload; systemctl start qdrant")
    host.wait_for((*GET.split(), ROOT), 30, "native Qdrant")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_it_is_started_with_its_containers_loader_and_libraries(host: Host, installed: dict[str, object]) -> None:
    assert installed["start"]["way"] == "bundled"
    assert "libunwind-ptrace.so.0" in installed["notes"][0] and "libc.so.6 with GLIBC_2.38" in installed["notes"][0]
    pid = host.sh("systemctl show --property MainPID --value qdrant")
    files = set(host.sh(f"grep -o '/.*' /proc/{pid}/maps | sort -u").splitlines())
    assert f"{FOLDER}/qdrant" in files and f"{FOLDER}/lib/libunwind-ptrace.so.0" in files
    assert {file for file in files if ".so" in file and not file.startswith(f"{FOLDER}/lib/")} == set(), (
        "no library of this host is mixed in"
    )
    assert host.read(f"/proc/{pid}/comm").strip() == "qdrant"
    assert host.sh(f"cmp {FOLDER}/qdrant /testhost/server && echo equal") == "equal"


def test_it_answers_under_the_units_sandbox(host: Host, installed: dict[str, object]) -> None:
    assert json.loads(host.sh(f"{GET} {ROOT}"))["version"] == "1.18.3"
    properties = host.sh(
        "systemctl show --property MemoryDenyWriteExecute,PrivateUsers,ProtectSystem,User qdrant"
    ).splitlines()
    assert set(properties) == {"MemoryDenyWriteExecute=yes", "PrivateUsers=yes", "ProtectSystem=strict", "User=qdrant"}
    assert host.sh("ss -Htlnp 'sport = :6333'").count("127.0.0.1:6333") == 1
    host.sh("systemctl kill --signal KILL qdrant")
    host.wait_for((*GET.split(), ROOT), 30, "Qdrant after a kill")


def test_the_web_ui_comes_along(host: Host, installed: dict[str, object]) -> None:
    assert "Qdrant Web UI" in host.sh(f"{GET} {ROOT}dashboard/")
    assert "up" in host.sh(f"{GET} {ROOT}dashboard/assets/app.js")


def test_a_second_time_changes_nothing_and_by_hand_it_starts_the_same_way(
    host: Host, installed: dict[str, object]
) -> None:
    assert installed["again"] == []
    assert host.sh("/opt/omnimind/qdrant/current/start --version") == "qdrant 1.18.3"
    assert host.sh("/var/lib/omnimind/stage/qdrant-1.18.3/start --version") == "qdrant 1.18.3"
