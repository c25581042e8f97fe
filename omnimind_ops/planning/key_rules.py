"""Key rules: how each Compose key is migrated. The table is read from top to bottom; the first match decides. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from omnimind_ops.model.json import JSON
from omnimind_ops.planning.flatten import Entry

IMAGE = {
    "backend": "omnimind's package in /opt/omnimind/venv",
    "frontend": "the built page, served by omnimind-frontend",
    "qdrant": "the program of the same version, copied from the container",
    "redis": "the distribution's package redis-server",
    "postgres": "the distribution's package postgresql",
}
PORT = {"backend": 8000, "qdrant": 6333, "redis": 6379, "postgres": 5432}


class Verdict(StrEnum):
    """How a key is migrated."""

    CONVERTED = "converted"  # its meaning continues in native form
    REPLACED = "replaced"  # something else does its work
    LOST = "lost"  # nothing replaces it; `why` says what to do
    KEPT = "kept"  # left as it is


@dataclass(frozen=True)
class Rule:
    """For these roles ("" is all) and keys (a pattern for the whole key): the verdict and its replacement or reason."""

    roles: str
    key: str
    verdict: Verdict
    why: str


CARRIED = "--(appendonly|appendfsync|save|maxmemory|maxmemory-policy|databases|notify-keyspace-events)"
"""Options of redis-server whose settings the native server takes over from the running one."""
C, R, L, K = Verdict.CONVERTED, Verdict.REPLACED, Verdict.LOST, Verdict.KEPT
RULES = (
    Rule(
        "backend",
        r"environment\.(QDRANT|REDIS|DATABASE|POSTGRES)\w*(URL|URI|HOST|PORT|DSN)",
        R,
        "the native service's address on 127.0.0.1",
    ),
    Rule(
        "backend",
        r"(environment|env_file).*",
        L,
        "not migrated: add what the backend still needs to a drop-in (systemctl edit omnimind-PORT@.service)",
    ),
    Rule(
        "qdrant", r"environment\.QDRANT__SERVICE__API_KEY", R, "a key generated for this host, in /etc/omnimind/secrets"
    ),
    Rule(
        "qdrant", r"environment\.QDRANT__STORAGE__\w*PATH", R, "the native server's own folders, below /var/lib/qdrant"
    ),
    Rule("qdrant", r"environment\.QDRANT__STORAGE__\w+", C, "carried into /etc/qdrant/config.yaml"),
    Rule(
        "frontend",
        r"(environment|env_file|build\.args).*",
        R,
        "the page uses the address it was loaded from; nothing is built in",
    ),
    Rule(
        "qdrant redis postgres",
        r"(environment|env_file).*",
        L,
        "settings of the image are not migrated: "
        "add what you need to the native service's own files (/etc/omnimind/*.d)",
    ),
    Rule("backend", r"extra_hosts\.host\.docker\.internal", R, "127.0.0.1: a native process runs on the host itself"),
    Rule("", r"extra_hosts.*", L, "add the name to /etc/hosts"),
    Rule(
        "backend", r"volumes\[.*:ro", K, "the folder stays where it is; only what the container could write is copied"
    ),
    Rule(
        "backend", r"volumes.*", C, "what the container could write is copied to the uploads folder (setting: uploads)"
    ),
    Rule(
        "qdrant",
        r"volumes.*",
        C,
        "the storage is copied to /var/lib/qdrant and compared; the source stays until finish",
    ),
    Rule("redis", r"volumes.*", C, "the keys are copied to /var/lib/redis and compared; the source stays until finish"),
    Rule(
        "postgres", r"volumes.*", L, "PostgreSQL's data is not migrated: pg_dump it from the container and restore it"
    ),
    Rule("", r"(volumes|volumes_from|tmpfs).*", K, "stays on the host; no native service reads it"),
    Rule(
        "redis",
        r"command\[\d+\] (--requirepass .*|.* --requirepass .*)",
        R,
        "a password generated for this host, in /etc/omnimind/secrets",
    ),
    Rule("redis", rf"command\[\d+\] ({CARRIED} .*|.* {CARRIED}(=.*)?)", C, "carried into /etc/redis/omnimind.conf"),
    Rule(
        "redis qdrant postgres",
        r"(command|entrypoint).*",
        L,
        "options are not migrated: add what you need to the native service's own files (/etc/omnimind/*.d)",
    ),
    Rule("", r"(command|entrypoint|working_dir).*", R, "the unit's ExecStart"),
    Rule(
        "",
        r"depends_on.*service_completed_successfully",
        L,
        "no native service waits for a job to end: run the job by hand first",
    ),
    Rule("", r"depends_on.*", C, "the order of the units; each waits until its dependencies answer"),
    Rule("", r"(restart|deploy\.restart_policy).*", R, "Restart= of the unit, with a limit on restarts"),
    Rule("", r"healthcheck.*", R, "the guard's deep health check and the unit's watchdog"),
    Rule(
        "",
        r"(deploy\.resources\.(limits|reservations)\.(memory|cpus|pids)"
        r"|mem_limit|mem_reservation|memswap_limit|cpus|cpu_\w+|pids_limit).*",
        R,
        "limits of the unit, computed from this host's memory",
    ),
    Rule(
        "backend",
        r"(deploy\.resources\.reservations\.(devices|generic_resources)|gpus|runtime|devices).*",
        R,
        "omnimind-engine, the only process that uses the GPU",
    ),
    Rule(
        "",
        r"(deploy\.resources\.reservations\.(devices|generic_resources)|gpus|runtime|devices).*",
        L,
        "the native service has no access to devices",
    ),
    Rule("backend", r"(deploy\.replicas|scale)", R, "several backends (settings: backend_ports, workers)"),
    Rule("", r"deploy.*", L, "a Docker Swarm setting; systemd has no equivalent"),
    Rule(
        "",
        r"(networks|network_mode|links|external_links|expose|hostname|domainname|container_name|mac_address"
        r"|dns\w*|ipc|pid|uts).*",
        R,
        "the host's own network: services connect on 127.0.0.1",
    ),
    Rule(
        "",
        r"(secrets|configs).*",
        L,
        "Compose passes it as a file: add the value to the service's environment file",
    ),
    Rule("", r"logging.*", R, "the journal (journalctl -u UNIT)"),
    Rule("", r"(ulimits|oom_\w+|shm_size|sysctls).*", R, "limits of the unit; kernel settings are the host's"),
    Rule("", r"(user|group_add|userns_mode)\b.*", R, "User= of the unit; ownership is changed when data is copied"),
    Rule(
        "",
        r"(cap_add|cap_drop|privileged|security_opt|read_only|device_cgroup_rules|cgroup\w*).*",
        R,
        "the unit's own sandbox",
    ),
    Rule(
        "",
        r"(stop_grace_period|stop_signal|init).*",
        R,
        "systemd stops the unit (TimeoutStopSec=) and reaps its processes",
    ),
    Rule("", r"(tty|stdin_open|attach)", L, "a systemd service has no terminal"),
    Rule("", r"labels.*", L, "no native service reads container labels"),
    Rule("", r"profiles.*", L, "enable and disable units with systemctl instead"),
    Rule(
        "",
        r"(develop|extends|annotations|label_file|credential_spec|isolation|storage_opt|blkio_config|provider"
        r"|post_start|pre_stop).*",
        L,
        "no native counterpart",
    ),
)
TOP = (
    Rule("", r"(version|name)", R, "omnimind.target, which groups all units"),
    Rule("", r"networks.*", R, "the host's own network: services connect on 127.0.0.1"),
    Rule("", r"volumes.*", K, "the volume stays until finish"),
    Rule(
        "",
        r"(secrets|configs).*",
        L,
        "Compose passes it as a file: add the value to the service's environment file",
    ),
    Rule("", r"x-.*", R, "nothing: an extension field, used only within the file"),
    Rule(
        "",
        r"include.*",
        L,
        "included files are not read: start the project's containers, so that Compose resolves them",
    ),
)


def classify(role: str, entry: Entry) -> tuple[Verdict, str]:
    """Return the verdict for one key of a service with this role; "" is a service without a native counterpart."""
    if not role:
        return L, "no native counterpart: the container is stopped at cutover and kept until finish"
    if entry.path[0] in ("image", "build", "platform", "pull_policy") and not (
        role == "frontend" and entry.key.startswith("build.args")
    ):
        return R, IMAGE[role]
    if entry.path[0] == "ports":
        return _port(role, entry)
    return _first(RULES, role, entry) or (L, f"omnimind does not know the key {entry.path[0]}")


def classify_top(entry: Entry) -> tuple[Verdict, str]:
    """Return the verdict for a key outside of services."""
    return _first(TOP, "", entry) or (L, f"omnimind does not know the key {entry.path[0]}")


def _first(rules: tuple[Rule, ...], role: str, entry: Entry) -> tuple[Verdict, str] | None:
    """Return the first matching rule's verdict; a pattern may also match the value, which follows the key."""
    key_and_value = f"{entry.key} {entry.previous} {entry.value}"
    for rule in rules:
        if (not rule.roles or role in rule.roles.split()) and (
            re.fullmatch(rule.key, entry.key) or re.fullmatch(rule.key, key_and_value, re.DOTALL)
        ):
            return rule.verdict, rule.why
    return None


def _port(role: str, entry: Entry) -> tuple[Verdict, str]:
    """Return the verdict for a port.

    Only the native service's own port continues, and only the web page's port is reachable from other hosts.
    """
    if role == "frontend":
        return C, "omnimind-frontend (setting: frontend_port)"
    setting = "backend_ports" if role == "backend" else f"{role}_port"
    if len(entry.path) == 2 and _inside(entry.value) not in (0, PORT[role]):
        return L, f"only port {PORT[role]} has a native counterpart"
    return C, f"listens on 127.0.0.1 only (setting: {setting})"


def _inside(value: JSON) -> int:
    """Return the container's port in "127.0.0.1:8000:8000/tcp", 0 when there is no single one."""
    word = str(value).rpartition(":")[2].partition("/")[0]
    return int(word) if word.isdigit() else 0
