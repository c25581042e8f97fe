"""Checks of the host as a whole: os, systemd, root, memory, docker, locale, python. Pure."""

from __future__ import annotations

from omnimind_ops.model.facts import Interpreter, Machine
from omnimind_ops.model.goal import REDIS_MEMORY
from omnimind_ops.observe.interpreters import PYTHONS
from omnimind_ops.planning.check import Check, Needs, State, size
from omnimind_ops.planning.supported import Ground, find, supported

SYSTEMD = 247  # Debian 11; units are generated for the version found
LEAST, ENOUGH = 2_000_000_000, 4_000_000_000
LOCKS_FOR_LESS_MEMORY = 'one worker each (workers = 1) and lock = "cpu" need least'


def os(machine: Machine, force: bool) -> Check:
    """Fail for systems that are neither tested nor between two tested ones, unless forced."""
    name = machine.os_name or f"{machine.os_id} {machine.os_version}".strip() or "an unknown system"
    row = find(machine.os_id, machine.os_version)
    if row and row.ground is Ground.TESTED:
        return Check("os", State.OK, f"{name}, kernel {machine.kernel}")
    if row and row.ground is Ground.BRACKETED:
        return Check(
            "os",
            State.OK,
            f"{name}, kernel {machine.kernel} (tested on {' and '.join(row.tested_on)}, which it lies between)",
        )
    if force:
        return Check("os", State.WARN, f"{name} is not supported; forced")
    known = ", ".join(system.title for system in supported())
    return Check(
        "os",
        State.FAIL,
        f"{name} is not supported ({known})",
        "use a supported system, or try at your own risk: --force-os",
    )


def systemd(machine: Machine, needs: Needs) -> Check:
    """Fail without systemd as PID 1: the services need it."""
    if not needs.systemd:
        return Check("systemd", State.OK, "not needed")
    if not machine.systemd:
        return Check(
            "systemd",
            State.FAIL,
            "systemd is not PID 1",
            "boot the host with systemd; without it only `omnimind up` in embedded mode works",
        )
    if machine.systemd < SYSTEMD:
        return Check("systemd", State.FAIL, f"systemd {machine.systemd} is older than {SYSTEMD}", "upgrade the system")
    return Check("systemd", State.OK, f"systemd {machine.systemd}")


def root(machine: Machine, needs: Needs) -> Check:
    """Fail without root: packages, units and other users' data need it."""
    if machine.root:
        asked = f" (asked by {machine.user})" if machine.user not in ("", "root") else ""
        return Check("root", State.OK, f"runs as root{asked}")
    if not needs.root:
        return Check("root", State.OK, "not needed")
    how = "sudo works without a password" if machine.sudo else "there is no sudo, or it asks for a password"
    return Check(
        "root",
        State.FAIL,
        f"runs as {machine.user or 'a plain user'}; {how}",
        "run the same command as root (sudo, or su -)",
    )


def memory(machine: Machine, needs: Needs) -> Check:
    """Fail below 2 GB, more with a large Redis, and warn below 4 GB of memory; the defaults are made for 8 GB."""
    found = f"{size(machine.memory)} of memory, {machine.cpus} CPUs"
    least = LEAST + needs.redis_memory - REDIS_MEMORY
    if machine.memory < least:
        of_redis = f", {size(needs.redis_memory)} of them for Redis' data" if needs.redis_memory > REDIS_MEMORY else ""
        return Check("memory", State.FAIL, f"{found}; at least {size(least)} are needed{of_redis}", "add memory")
    if machine.memory < ENOUGH:
        return Check("memory", State.WARN, f"{found}; {size(ENOUGH)} are advised", LOCKS_FOR_LESS_MEMORY)
    return Check("memory", State.OK, found)


def docker(machine: Machine, needs: Needs) -> Check:
    """Fail if Docker does not answer: the old stack is read through the engine."""
    if machine.docker:
        return Check("docker", State.OK, f"Docker Engine {machine.docker}")
    if not needs.docker:
        return Check("docker", State.OK, "not needed")
    fix = "start it: systemctl start docker"
    if "permission" in machine.docker_reason:
        fix = "run the same command as root (sudo, or su -)"
    elif "not installed" in machine.docker_reason:
        fix = "run it where the containers are; a host without Docker is set up by `omnimind up`"
    return Check("docker", State.FAIL, f"no Docker engine answers: {machine.docker_reason}", fix)


def locale(machine: Machine) -> Check:
    """Warn of a locale other than UTF-8: apt would create a PostgreSQL cluster whose templates refuse UTF-8."""
    if "utf8" in machine.locale.lower().replace("-", ""):
        return Check("locale", State.OK, machine.locale)
    return Check(
        "locale",
        State.WARN,
        f"{machine.locale} is not UTF-8; PostgreSQL is set up with C.UTF-8 all the same",
        "update-locale LANG=C.UTF-8",
    )


def python(machine: Machine, needs: Needs) -> Check:
    """Fail without a Python that the services' user can execute: one in a home folder is not enough."""
    if not needs.venv:
        return Check("python", State.OK, "not needed")
    good = next((one for one in machine.interpreters if not one.trouble), None)
    if good:
        link = f" ({good.real})" if good.real != good.path else ""
        return Check("python", State.OK, f"Python {good.version} at {good.path}{link}")
    seen = "; ".join(map(_trouble, machine.interpreters)) or f"this host has no {PYTHONS} outside of homes"
    fix = f"install {PYTHONS} (install.sh finds or brings one), then --python PATH if it is elsewhere than /usr/bin, /usr/local/bin or /opt/omnimind/python"
    return Check("python", State.FAIL, seen, fix)


def _trouble(one: Interpreter) -> str:
    return f"{one.path}: {one.trouble}"
