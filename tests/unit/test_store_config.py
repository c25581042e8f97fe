"""How the old stores are configured: ports and passwords, from `docker inspect` and mounted files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.facts import Container
from omnimind_ops.model.problem import Problem
from omnimind_ops.observe import old_passwords, qdrant_config, redis_config
from omnimind_ops.observe.address import address
from omnimind_ops.tools import docker


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder that is mounted at /mounted."""
    (tmp_path / "pass").write_text("from a file\n")
    (tmp_path / "key.txt").write_text("key from a file")
    (tmp_path / "redis.conf").write_text(
        '# requirepass no\nport 7000\nmaxmemory 64mb\nrequirepass "in the file"\ninclude /mounted/more.conf\n'
    )
    (tmp_path / "more.conf").write_text("tls-port 7443\n")
    (tmp_path / "qdrant.yaml").write_text(
        "service: {api_key: key-in-file, http_port: 7333}\ncluster: {enabled: true}\n"
    )
    return tmp_path


def made(files: Path, *command: str, image: str = "redis:alpine", **env: str) -> Container:
    """A container with this command and environment; the folder is mounted at /mounted, its key.txt as a secret."""
    mounts: list[dict[str, Any]] = [
        {"Type": "bind", "Source": str(files), "Destination": "/mounted"},
        {"Type": "bind", "Source": str(files / "pass"), "Destination": "/run/secrets/redis_pass", "RW": False},
        {"Type": "bind", "Source": str(files / "qdrant.yaml"), "Destination": "/qdrant/config/production.yaml"},
    ]
    config = {
        "Image": image,
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": list(command),
        "Env": [f"{name}={value}" for name, value in env.items()],
    }
    raw = {"Id": "a" * 64, "Name": "/x", "Config": config, "Mounts": mounts if command != ("bare",) else []}
    return docker.parse_inspect(json.dumps([raw]))[0]


@pytest.mark.parametrize(
    ("command", "password"),
    [
        (("redis-server", "--requirepass", "a b"), "a b"),
        (("redis-server", "--requirepass", "first", "--requirepass", "last"), "last"),
        (("sh", "-c", "exec redis-server --requirepass $REDIS_PASSWORD --save ''"), "hunter2"),
        (("sh", "-c", 'redis-server --requirepass "${REDIS_PASSWORD}"'), "hunter2"),
        (("sh", "-c", 'redis-server --requirepass "${NONE:-default}"'), "default"),
        (("sh", "-c", 'redis-server --appendonly yes --requirepass "$(cat /run/secrets/redis_pass)"'), "from a file"),
        (("sh", "-ec", "redis-server --requirepass `cat $FILE` --save 60 1"), "from a file"),
        (("sh", "-c", 'export P="$(< /mounted/pass)"; exec redis-server --requirepass "$P"'), "from a file"),
        (("redis-server", "/mounted/redis.conf"), "in the file"),
        (("/mounted/redis.conf",), "in the file"),
        (("redis-server", "/mounted/redis.conf", "--requirepass", "option"), "option"),
        (("redis-server",), ""),
    ],
)
def test_the_password_of_redis(files: Path, command: tuple[str, ...], password: str) -> None:
    container = made(files, *command, REDIS_PASSWORD="hunter2", FILE="/run/secrets/redis_pass")
    assert redis_config.password(container) == password
    assert password not in repr(container) or not password


def test_the_password_of_bitnamis_image_may_be_in_a_file(files: Path) -> None:
    image = "bitnami/redis:7.2"
    assert redis_config.password(made(files, "/run.sh", image=image, REDIS_PASSWORD="p")) == "p"
    assert (
        redis_config.password(made(files, "/run.sh", image=image, REDIS_PASSWORD_FILE="/mounted/pass")) == "from a file"
    )
    assert redis_config.port(made(files, "/run.sh", image=image, REDIS_PORT_NUMBER="6400")) == 6400


def test_what_may_be_the_password_of_an_image_of_ones_own(files: Path) -> None:
    client = made(files, "x", REDIS_URL="redis://:in%40url@cache:6379/0")
    store = made(files, "/start.sh", image="acme/redis", REDIS_PASS_FILE="/mounted/pass", REDIS_AUTH="variable")
    assert set(redis_config.possible_passwords(store, [client])) == {"", "from a file", "variable", "in@url"}


def test_ports_inside(files: Path) -> None:
    assert redis_config.port(made(files, "redis-server", "--port", "6380")) == 6380
    assert redis_config.port(made(files, "redis-server", "/mounted/redis.conf")) == 7000
    assert redis_config.config(made(files, "redis-server", "/mounted/redis.conf"))["tls-port"] == "7443"
    assert qdrant_config.port(made(files, "bare", QDRANT__SERVICE__HTTP_PORT="8333")) == 8333
    assert qdrant_config.port(made(files, "bare")) == 6333
    assert qdrant_config.port(made(files, "./entrypoint.sh")) == 7333


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("./entrypoint.sh",), "key-in-file"),
        (("./entrypoint.sh", "--config-path", "/mounted/qdrant.yaml"), "key-in-file"),
        (("bash", "-c", "QDRANT__SERVICE__API_KEY=$(cat /mounted/key.txt) ./entrypoint.sh"), "key from a file"),
    ],
)
def test_the_key_of_qdrant(files: Path, command: tuple[str, ...], key: str) -> None:
    assert qdrant_config.api_key(made(files, *command)) == key
    assert qdrant_config.api_key(made(files, *command[:1], QDRANT__SERVICE__API_KEY="variable")) == "variable"


def test_a_damaged_configuration_is_named(files: Path) -> None:
    (files / "qdrant.yaml").write_text("service: [")
    with pytest.raises(Problem, match=r"cannot read Qdrant's settings in .*qdrant\.yaml"):
        qdrant_config.port(made(files, "./entrypoint.sh"))


def test_a_password_that_was_given_counts(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    container = made(files, "redis-server", "--requirepass", "configured")
    assert old_passwords.redis_password(container) == "configured"
    monkeypatch.setattr(old_passwords, "kept", {old_passwords.Store.REDIS: ""}.get)
    assert old_passwords.redis_password(container) == ""


def container(**parts: Any) -> Container:
    """A container from a few lines of inspect's JSON."""
    return docker.parse_inspect(json.dumps([{"Id": "a" * 64, "Name": "/x", **parts}]))[0]


def test_addresses_without_a_published_port() -> None:
    networks = {"Networks": {"shop": {"IPAddress": "172.18.0.5"}}}
    assert address(container(NetworkSettings=networks), 7000) == ("172.18.0.5", 7000)
    assert address(container(HostConfig={"NetworkMode": "host"}), 7000) == ("127.0.0.1", 7000)
    sharing = container(HostConfig={"NetworkMode": f"container:{'b' * 64}"})
    owner = container(HostConfig={"PortBindings": {"7000/tcp": [{"HostIp": "", "HostPort": "17000"}]}})
    assert address(sharing, 7000, lambda id: owner if id == "b" * 64 else sharing) == ("127.0.0.1", 17000)


def test_folders_in_memory_are_told() -> None:
    made = container(HostConfig={"Tmpfs": {"/data": ""}}, Mounts=[{"Type": "tmpfs", "Destination": "/cache"}])
    assert made.tmpfs == ("/cache", "/data")
