"""Facts: the observed state of the machine; made by observe/, read by preflight and planning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from omnimind_ops.model.json import JSON

FOREVER_SECONDS = 3600
"""For a container that is never to be killed."""


@dataclass(frozen=True)
class Mount:
    """A mount of a container.

    `kind` is bind or volume; `source` is the absolute path on the host, `name` the volume's name ("" for a bind).
    """

    kind: str
    source: str
    target: str
    name: str = ""
    writable: bool = True
    anonymous: bool = False  # a volume without its own name: `docker compose down -v` or `rm -v` deletes it
    mounted_by_docker: str = ""  # "nfs :/export": what Docker mounts at `source` only while a container runs


@dataclass(frozen=True)
class Publish:
    """A published port."""

    host_ip: str
    host_port: int
    container_port: int
    protocol: str = "tcp"


@dataclass(frozen=True)
class Container:
    """A container as reported by `docker inspect`. `env` holds secrets: it never leaves the process."""

    id: str
    name: str
    image: str
    project: str  # "" for a container that Compose did not make
    service: str
    working_dir: str  # of the Compose project
    config_files: tuple[str, ...]
    running: bool
    restart_policy: str  # as `docker update --restart` takes it: "no", "always", "unless-stopped", "on-failure:3"
    pid: int
    ip: str  # "" on the host network or when stopped
    user: str
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Publish, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    depends_on: tuple[str, ...] = ()  # service names, from the label com.docker.compose.depends_on or the file
    gpu: bool = False  # a GPU is requested
    state: str = ""  # created, running, paused, restarting, exited, dead
    oneoff: bool = False  # made by `docker compose run`
    image_id: str = ""  # sha256:…; the tag may have moved since
    networks: tuple[str, ...] = ()
    network_mode: str = ""  # "host" and "container:ID" share another network
    health: str = ""  # starting, healthy, unhealthy; "" without a health check
    started: str = ""  # when its process was started, in the engine's format
    exit_code: int = 0
    stop_timeout: int | None = None  # seconds from SIGTERM to SIGKILL, None if it was not set; -1 never kills
    command: tuple[str, ...] = field(default=(), repr=False)  # entrypoint and command; may hold secrets, as `env`
    folder: str = ""  # the working directory inside
    tmpfs: tuple[str, ...] = ()  # folders in memory: a stop empties them
    inner_port: int = 0  # on which a store listens inside; 0 if it is none, or not known
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # network → names by which it is reached

    def grace(self, default: int) -> int:
        """Return the seconds that it may take to stop."""
        if self.stop_timeout is None:
            return default
        return self.stop_timeout if self.stop_timeout >= 0 else FOREVER_SECONDS


@dataclass(frozen=True)
class Project:
    """A Compose project: its containers, and its file as a plain mapping if it can still be read."""

    name: str
    working_dir: str
    config_files: tuple[str, ...]
    containers: tuple[Container, ...]
    document: Mapping[str, JSON] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Holder:
    """A process that listens on a TCP port.

    `container` is the name of the container behind a docker-proxy, "" otherwise; `unit` is the systemd unit.
    """

    port: int
    address: str
    pid: int
    program: str
    container: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Disk:
    """A mounted file system that something will be written to; sizes in bytes."""

    path: str
    mount_point: str
    free: int
    total: int
    filesystem: str
    read_only: bool = False


@dataclass(frozen=True)
class Gpu:
    """The NVIDIA card and driver as reported by the kernel and NVML.

    `lock` is the requirement set that this driver can run: cpu, cu12 or cu13.
    """

    present: bool
    driver: str  # "535.183.01", "" without a driver
    cuda: str  # highest version that the driver supports, "12.2", "" unknown
    name: str
    memory: int  # bytes, 0 unknown
    lock: str
    reason: str  # why this lock, in words
    fault: str = ""  # the first broken link between card and program, "" for none found
    fix: str = ""  # how to fix the fault
    library: str = ""  # version of libnvidia-ml; differs from `driver` after an unattended upgrade
    shadow: str = ""  # version of the deprecated dist `pynvml`, which hides nvidia-ml-py when installed beside it


@dataclass(frozen=True)
class Interpreter:
    """A Python interpreter for the venv; `trouble` says why it is unsuitable, "" when it is suitable."""

    path: str
    version: str  # "3.11.2", "" when it did not answer
    real: str  # the target of the symbolic links
    trouble: str = ""


@dataclass(frozen=True)
class Index:
    """A package index; its URL has no login. `trouble` says why it is unusable, "" when it answers."""

    url: str
    trouble: str = ""


@dataclass(frozen=True)
class Machine:
    """The host."""

    hostname: str
    os_id: str  # debian, ubuntu
    os_version: str  # "12", "22.04"
    os_name: str
    kernel: str
    systemd: int  # 0 when systemd is not PID 1
    root: bool
    sudo: bool  # `sudo -n true` works
    user: str  # the calling user (SUDO_USER if set)
    memory: int  # bytes
    cpus: int
    locale: str
    python: str
    gpu: Gpu
    disks: tuple[Disk, ...]
    holders: tuple[Holder, ...]
    docker: str  # engine version, "" when no engine answers
    docker_reason: str  # why there is no answer
    interpreters: tuple[Interpreter, ...] = ()  # candidates, best first
    gpu_containers: tuple[str, ...] = ()  # names of running containers that use a GPU
    glibc: tuple[int, int] = (0, 0)  # (0, 0): another libc
    arch: str = ""  # as reported by the kernel: x86_64


@dataclass(frozen=True)
class Starter:
    """Something on this host that starts a project's containers by itself.

    `name` is a system unit that is enabled or active (`unit`), else the path of a file; `command` is its line.
    """

    name: str
    command: str
    unit: bool = True
