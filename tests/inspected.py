"""`docker inspect` of the containers that Compose would make from a file: what the engine says, made by hand.

Only what the engine itself decides is modelled: names, networks, ports, mounts, the images' own volumes and variables.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

IMAGES: dict[str, dict[str, Any]] = {
    "qdrant/qdrant": {"ports": (6333, 6334), "command": ["./entrypoint.sh"], "env": ["RUN_MODE=production"]},
    "redis": {
        "ports": (6379,),
        "entrypoint": ["docker-entrypoint.sh"],
        "command": ["redis-server"],
        "volumes": ["/data"],
    },
    "postgres": {"ports": (5432,), "command": ["postgres"], "volumes": ["/var/lib/postgresql/data"]},
    "mongo": {"ports": (27017,), "command": ["mongod"], "volumes": ["/data/configdb", "/data/db"]},
}
PATH = "PATH=/usr/local/bin:/usr/bin"


def inspected(document: Mapping[str, Any], project: str, folder: Path) -> list[dict[str, Any]]:
    """Return the JSON of `docker inspect` for every container of the file."""
    return [
        _container(document, project, folder, service, body, number)
        for service, body in document["services"].items()
        for number in range(1, 1 + (body.get("deploy") or {}).get("replicas", body.get("scale", 1)))
    ]


def digest(*words: object) -> str:
    """Return 64 hex digits."""
    return hashlib.sha256(repr(words).encode()).hexdigest()


def image_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the image of a service sets by itself."""
    return IMAGES.get(str(body.get("image", "")).partition(":")[0], {})


def image_id(body: Mapping[str, Any]) -> str:
    return f"sha256:{digest(body.get('image'))}"


def image_environments(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the variables that each image sets by itself, by its ID."""
    return {
        image_id(body): dict(item.partition("=")[::2] for item in (PATH, *image_of(body).get("env", ())))
        for body in document["services"].values()
    }


def _container(
    document: Mapping[str, Any], project: str, folder: Path, service: str, body: Mapping[str, Any], number: int
) -> dict[str, Any]:
    name = body.get("container_name", f"{project}-{service}-{number}")
    image, own = image_of(body), digest(project, service, number)
    mode = body.get("network_mode", "")
    networks = [] if mode else [_network(document, project, net) for net in body.get("networks", ["default"])]
    ports = {f"{port}/tcp": None for port in image.get("ports", ())} | _ports(body.get("ports", ()), number)
    return {
        "Id": own,
        "Name": f"/{name}",
        "Image": image_id(body),
        "State": {"Status": "running", "Running": True, "Pid": 1000 + number, "ExitCode": 0},
        "Mounts": list(_mounts(document, project, folder, own, body, image)),
        "Config": {
            "Image": body.get("image", f"{project}-{service}"),
            "User": body.get("user", ""),
            "Env": [f"{k}={v}" for k, v in _pairs(body.get("environment")).items()] + [PATH, *image.get("env", ())],
            "Entrypoint": _words(body.get("entrypoint")) or image.get("entrypoint"),
            "Cmd": _words(body.get("command")) or image.get("command"),
            "Labels": {
                "com.docker.compose.project": project,
                "com.docker.compose.service": service,
                "com.docker.compose.container-number": str(number),
                "com.docker.compose.oneoff": "False",
                "com.docker.compose.project.working_dir": str(folder),
                "com.docker.compose.project.config_files": str(folder / "docker-compose.yml"),
            },
        },
        "HostConfig": {
            "RestartPolicy": {"Name": str(body.get("restart", "no")).partition(":")[0]},
            "NetworkMode": mode or (networks[0] if networks else "none"),
            "PortBindings": {port: at for port, at in ports.items() if at},
            "Tmpfs": dict.fromkeys(_list(body.get("tmpfs")), "") or None,
        },
        "NetworkSettings": {
            "Ports": ports if not mode else {},
            "Networks": {mode: {"Aliases": None}} if mode else {
                net: {"Aliases": [name, service, own[:12]], "IPAddress": "172.20.0.9"} for net in networks
            },
        },
    }  # fmt: skip


def _network(document: Mapping[str, Any], project: str, name: str) -> str:
    external = ((document.get("networks") or {}).get(name) or {}).get("external")
    return str(external["name"]) if external else f"{project}_{name}"


def _ports(asked: Any, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in asked:
        if isinstance(one, Mapping):
            ip, host, inside, protocol = (
                one.get("host_ip", ""),
                str(one["published"]),
                str(one["target"]),
                one.get("protocol", "tcp"),
            )
        else:
            text, _, protocol = str(one).partition("/")
            *before, inside = text.rsplit(":", 2) if text.count(":") > 1 else text.split(":")
            ip, host = (before[0], before[1]) if len(before) == 2 else ("", before[0] if before else "49153")
        first, _, last = host.partition("-")
        port = int(first) + (number - 1 if last else 0)
        addresses = [ip] if ip else ["0.0.0.0", "::"]
        bindings = [{"HostIp": address, "HostPort": str(port)} for address in addresses]
        found.setdefault(f"{inside}/{protocol or 'tcp'}", []).extend(bindings)
    return found


def _mounts(
    document: Mapping[str, Any], project: str, folder: Path, own: str, body: Mapping[str, Any], image: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    targets = set(_list(body.get("tmpfs")))
    for one in body.get("volumes", ()):
        if isinstance(one, Mapping):
            source, target, mode = one["source"], one["target"], "ro" if one.get("read_only") else "rw"
        else:
            source, target, mode = (*str(one).split(":"), "rw")[:3] if ":" in str(one) else ("", str(one), "rw")
        targets.add(target)
        if source.startswith((".", "/", "~")):
            path = str((folder / source).absolute()) if source.startswith(".") else source
            yield {"Type": "bind", "Source": path.replace("/./", "/"), "Destination": target, "RW": mode != "ro"}
        else:
            yield _volume(f"{project}_{source}" if source else digest(own, target), target, mode != "ro")
    for name in body.get("secrets", ()):
        file = str((folder / document["secrets"][name]["file"]).absolute())
        yield {"Type": "bind", "Source": file, "Destination": f"/run/secrets/{name}", "RW": False}
    for target in image.get("volumes", ()):
        if target not in targets:
            yield _volume(digest(own, target), target, True)


def _volume(name: str, target: str, writable: bool) -> dict[str, Any]:
    source = f"/var/lib/docker/volumes/{name}/_data"
    return {"Type": "volume", "Name": name, "Source": source, "Destination": target, "RW": writable}


def _pairs(section: Any) -> dict[str, str]:
    if isinstance(section, Mapping):
        return {str(name): "" if value is None else str(value) for name, value in section.items()}
    return dict(str(item).partition("=")[::2] for item in section or ())


def _words(value: Any) -> list[str]:
    return (
        shlex.split(value.replace("$$", "$"))
        if isinstance(value, str)
        else [str(word).replace("$$", "$") for word in value or ()]
    )


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item).partition(":")[0] for item in value or ()]
