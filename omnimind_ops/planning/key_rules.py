"""Key rules: how each Compose key is migrated. The table is read from top to bottom; the first match decides. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omnimind_ops.model.fate import Fate
from omnimind_ops.planning.flatten import Entry


@dataclass(frozen=True)
class Rule:
    """For these roles ("" is all) and keys (a pattern for the whole key): the fate and its replacement or reason."""

    roles: str
    key: str
    fate: Fate
    why: str


M, R, L, K = Fate.MOVED, Fate.REPLACED, Fate.LOST, Fate.STOPPED
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
    Rule("qdrant", r"environment\.QDRANT__STORAGE__\w+", M, "carried into /etc/qdrant/config.yaml"),
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
    Rule("", r"(command|entrypoint|working_dir).*", R, "the unit's ExecStart"),
    Rule(
        "",
        r"depends_on.*service_completed_successfully",
        L,
        "no native service waits for a job to end: run the job by hand first",
    ),
    Rule("", r"depends_on.*", R, "the order of the units; each waits until its dependencies answer"),
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


FLAGS = (
    Rule(
        "redis",
        "--(appendonly|appendfsync|save|maxmemory|maxmemory-policy|databases|notify-keyspace-events)",
        M,
        "carried into /etc/redis/omnimind.conf",
    ),
    Rule("redis", "--aclfile", M, "the users are carried into /etc/omnimind/redis.d"),
    Rule("redis", "--(requirepass|masterauth)", R, "a password generated for this host, in /etc/omnimind/secrets"),
    Rule("redis", "--(port|bind|protected-mode)", R, "the native server's own address, with a password"),
    Rule("redis", "--(dir|dbfilename|appendfilename|appenddirname)", R, "the native server's folder, /var/lib/redis"),
    Rule("redis", "--(loglevel|logfile|daemonize|supervised|pidfile)", R, "systemd and the journal"),
    Rule("qdrant", "--config-path", R, "the file's storage settings are carried into /etc/qdrant/config.yaml"),
    Rule("qdrant", "--disable-telemetry", M, "the native server sends no telemetry"),
)
"""Options of the stores' programs."""


def classify_flag(role: str, name: str) -> tuple[Fate, str]:
    """Return the fate of an option of a store's program."""
    for rule in FLAGS:
        if role == rule.roles and re.fullmatch(rule.key, name):
            return rule.fate, rule.why
    return L, f"not carried: add it to the native service's own files (/etc/omnimind/{role}.d)"


def classify(role: str, entry: Entry) -> tuple[Fate, str]:
    """Return the fate of one key of a service whose work a native service with this role does."""
    return _first(RULES, role, entry) or (L, f"omnimind does not know the key {entry.path[0]}")


def classify_top(entry: Entry) -> tuple[Fate, str]:
    """Return the fate of a key outside of services."""
    return _first(TOP, "", entry) or (L, f"omnimind does not know the key {entry.path[0]}")


def _first(rules: tuple[Rule, ...], role: str, entry: Entry) -> tuple[Fate, str] | None:
    """Return the first matching rule's fate; a pattern may also match the value, which follows the key."""
    key_and_value = f"{entry.key} {entry.previous} {entry.value}"
    for rule in rules:
        if (not rule.roles or role in rule.roles.split()) and (
            re.fullmatch(rule.key, entry.key) or re.fullmatch(rule.key, key_and_value, re.DOTALL)
        ):
            return rule.fate, rule.why
    return None
