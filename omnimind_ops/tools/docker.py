"""Arguments of `docker` commands, and Containers from the output of `docker inspect`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from omnimind_ops.model.facts import Container, Mount, Publish
from omnimind_ops.model.volume import Volume

_LABEL = "com.docker.compose."
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def version() -> tuple[str, ...]:
    """Return the command that prints the engine's version, not the client's."""
    return "docker", "version", "--format", "{{.Server.Version}}"


def info() -> tuple[str, ...]:
    """Return the command that describes the engine as JSON."""
    return "docker", "info", "--format", "{{json .}}"


def list_ids() -> tuple[str, ...]:
    """Return the command that lists every container, stopped ones too."""
    return "docker", "ps", "--all", "--quiet", "--no-trunc"


def list_volumes() -> tuple[str, ...]:
    """Return the command that lists every volume by name."""
    return "docker", "volume", "ls", "--quiet"


def inspect(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that describes containers; it exits 1 if one is gone, and still describes the others."""
    return "docker", "inspect", "--type", "container", *ids


def inspect_volumes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the command that describes volumes; it exits 1 if one is gone, and still describes the others."""
    return "docker", "volume", "inspect", *names


def compose_config(
    program: Sequence[str], project: str, working_dir: str, files: Sequence[str], env_file: str
) -> tuple[str, ...]:
    """Return the command with which Compose merges and interpolates a project's files.

    `program` is docker compose or docker-compose.
    """
    env = ("--env-file", env_file) if env_file else ()
    file_options = (word for file in files for word in ("--file", file))
    return (*program, "--project-name", project, "--project-directory", working_dir, *env, *file_options, "config")


def parse_inspect(text: str) -> tuple[Container, ...]:
    """Return the containers in the JSON that `docker inspect` printed."""
    return tuple(_container(raw) for raw in json.loads(text or "[]") or ())


def parse_volumes(text: str) -> tuple[Volume, ...]:
    """Return the volumes in the JSON that `docker volume inspect` printed."""
    return tuple(
        Volume(entry["Name"], entry.get("Driver", "local"), entry.get("Options") or {})
        for entry in json.loads(text or "[]") or ()
    )


def inspect_images(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the command that describes images; it exits 1 if one is gone, and still describes the others."""
    return "docker", "image", "inspect", *ids


def parse_images(text: str) -> dict[str, dict[str, str]]:
    """Return the variables of each image by its ID, from the JSON of `docker image inspect`."""
    return {
        image["Id"]: dict(item.partition("=")[::2] for item in (image.get("Config") or {}).get("Env") or ())
        for image in json.loads(text or "[]") or ()
    }


def memory_limit_of(text: str) -> int:
    """Return the memory limit in bytes of the first container in inspect's JSON, 0 for none."""
    return int((json.loads(text)[0].get("HostConfig") or {}).get("Memory") or 0)


def _container(raw: Mapping[str, Any]) -> Container:
    config, host, state = raw.get("Config") or {}, raw.get("HostConfig") or {}, raw.get("State") or {}
    labels: dict[str, str] = config.get("Labels") or {}
    network = raw.get("NetworkSettings") or {}
    working_dir = labels.get(f"{_LABEL}project.working_dir", "")
    return Container(
        id=raw["Id"],
        name=raw.get("Name", "").lstrip("/"),
        image=config.get("Image", ""),
        project=labels.get(f"{_LABEL}project", ""),
        service=labels.get(f"{_LABEL}service", ""),
        working_dir=working_dir,
        config_files=_config_files(labels.get(f"{_LABEL}project.config_files", ""), working_dir),
        running=bool(state.get("Running")),
        restart_policy=_restart(host.get("RestartPolicy") or {}),
        pid=int(state.get("Pid") or 0),
        ip=_address(network),
        user=config.get("User", ""),
        mounts=_mounts(raw.get("Mounts") or ()),
        ports=_ports(network.get("Ports") or {}) or _ports(host.get("PortBindings") or {}),
        labels=labels,
        env=dict(item.partition("=")[::2] for item in config.get("Env") or ()),
        depends_on=_depends_on(labels.get(f"{_LABEL}depends_on", "")),
        gpu=_gpu(host),
        state=state.get("Status", ""),
        oneoff=labels.get(f"{_LABEL}oneoff", "").lower() == "true",
        image_id=raw.get("Image", ""),
        networks=tuple(sorted(network.get("Networks") or {})),
        network_mode=host.get("NetworkMode", ""),
        health=_health(state),
        started=state.get("StartedAt", ""),
        exit_code=int(state.get("ExitCode") or 0),
        stop_timeout=None if config.get("StopTimeout") is None else int(config["StopTimeout"]),
        command=(*_words(config.get("Entrypoint")), *_words(config.get("Cmd"))),
        folder=config.get("WorkingDir") or "",
        tmpfs=_tmpfs(raw, host),
        aliases=_aliases(raw),
    )


def _words(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _tmpfs(raw: Mapping[str, Any], host: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the folders of `tmpfs:` and of mounts of that type."""
    mounted = (item.get("Destination", "") for item in raw.get("Mounts") or () if item.get("Type") == "tmpfs")
    return tuple(sorted({*(host.get("Tmpfs") or {}), *mounted}))


def _aliases(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the names of a container on each network, without its ID and with its own name."""
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    own = raw.get("Name", "").lstrip("/")
    return {
        network: tuple(sorted({own, *(n for n in (item or {}).get("Aliases") or () if not raw["Id"].startswith(n))}))
        for network, item in sorted(networks.items())
        if network not in ("bridge", "host", "none")
    }


def _health(state: Mapping[str, Any]) -> str:
    """Return the result of the health check; Docker says "none" or nothing without one."""
    status = str((state.get("Health") or {}).get("Status", ""))
    return "" if status == "none" else status


def _config_files(label: str, working_dir: str) -> tuple[str, ...]:
    """Return absolute paths: Compose v1 wrote them as they were typed; "-" is standard input."""
    files = (file.strip() for file in label.split(","))
    return tuple(str(PurePosixPath(working_dir) / file) for file in files if file and file != "-")


def _restart(policy: Mapping[str, Any]) -> str:
    name, retries = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return f"{name}:{retries}" if name == "on-failure" and retries else name


def _address(network: Mapping[str, Any]) -> str:
    networks = (network.get("Networks") or {}).values()
    addresses = [item["IPAddress"] for item in networks if item and item.get("IPAddress")]
    return addresses[0] if addresses else network.get("IPAddress") or ""


def _mounts(raw: Sequence[Mapping[str, Any]]) -> tuple[Mount, ...]:
    """Return binds and volumes; a tmpfs contains nothing that outlives its container."""
    return tuple(
        Mount(
            kind=item["Type"],
            source=item.get("Source", ""),
            target=item.get("Destination", ""),
            name=item.get("Name", ""),
            writable=bool(item.get("RW", True)),
            anonymous=bool(_ANONYMOUS.fullmatch(item.get("Name", ""))),
        )
        for item in sorted(raw, key=lambda item: str(item.get("Destination", "")))
        if item.get("Type") in ("bind", "volume")
    )


def _ports(bindings: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[Publish, ...]:
    """Return the ports bound on the host; exposed but unbound ports have null, a port not chosen yet is "" or "0"."""
    published = [
        _publish(container_port, binding) for container_port, targets in bindings.items() for binding in targets or ()
    ]
    return tuple(
        sorted(
            (port for port in published if port.host_port),
            key=lambda port: (port.host_port, port.protocol, port.host_ip),
        )
    )


def _publish(container_port: str, binding: Mapping[str, str]) -> Publish:
    port, _, protocol = container_port.partition("/")
    number = binding.get("HostPort") or "0"
    return Publish(binding.get("HostIp", ""), int(number) if number.isdigit() else 0, int(port), protocol or "tcp")


def _depends_on(label: str) -> tuple[str, ...]:
    """Return the services in "redis:service_started:false,qdrant:service_healthy:true" (only Compose v2 writes it)."""
    return tuple(sorted(word.partition(":")[0] for word in label.split(",") if word))


def _gpu(host: Mapping[str, Any]) -> bool:
    """Return whether a GPU is requested: --gpus, CDI, the nvidia runtime, or the device nodes themselves."""
    for request in host.get("DeviceRequests") or ():
        kinds = {kind for group in request.get("Capabilities") or () for kind in group}
        if (
            "gpu" in kinds
            or request.get("Driver") == "nvidia"
            or any("nvidia.com/gpu" in d for d in request.get("DeviceIDs") or ())
        ):
            return True
    nodes = (device.get("PathOnHost", "") for device in host.get("Devices") or ())
    return host.get("Runtime") == "nvidia" or any(node.startswith("/dev/nvidia") for node in nodes)
