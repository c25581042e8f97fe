"""Checks of the host as a whole: os, systemd, root, memory, docker, locale, python. Pure."""

from __future__ import annotations

from omnimind_ops.model.facts import Interpreter, Machine
from omnimind_ops.model.goal import REDIS_MEMORY
from omnimind_ops.observe.interpreters import PYTHONS
from omnimind_ops.planning.check import Check, Needs, State, size
from omnimind_ops.planning.supported import Support, find, supported

SYSTEMD = 247  # Debian 11; units are generated for the version found
LEAST, ENOUGH = 2_000_000_000, 4_000_000_000
SMALLEST_SETTINGS = 'workers = 1 and lock = "cpu" use the least memory'


def os(machine: Machine, force: bool) -> Check:
    """Fail for systems that are neither tested nor between two tested ones, unless forced."""
    name = machine.os_name or f"{machine.os_id} {machine.os_version}".strip() or "an unknown system"
    row = find(machine.os_id, machine.os_version)
    if row and row.support is Support.TESTED:
        return Check("os", State.OK, f"{name}, kernel {machine.kernel}")
    if row and row.support is Support.BRACKETED:
        return Check(
            "os",
            State.OK,
            f"{name}, kernel {machine.kernel} (between {' and '.join(row.tested_on)}, which are tested)",
        )
    if force:
        return Check("os", State.WARN, f"{name} is not supported; forced")
    supported_names = ", ".join(system.title for system in supported())
    return Check(
        "os",
        State.FAIL,
        f"{name} is not supported ({supported_names})",
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
            "boot the host with systemd; without it, only embedded mode works: omnimind up",
        )
    if machine.systemd < SYSTEMD:
        return Check(
            "systemd", State.FAIL, f"systemd {machine.systemd} is older than {SYSTEMD}", "upgrade the distribution"
        )
    return Check("systemd", State.OK, f"systemd {machine.systemd}")


def root(machine: Machine, needs: Needs) -> Check:
    """Fail without root: packages, units and other users' data need it."""
    if machine.root:
        caller = f" (called by {machine.user})" if machine.user not in ("", "root") else ""
        return Check("root", State.OK, f"running as root{caller}")
    if not needs.root:
        return Check("root", State.OK, "not needed")
    sudo = "sudo works without a password" if machine.sudo else "sudo is missing or needs a password"
    return Check(
        "root",
        State.FAIL,
        f"running as {machine.user or 'an ordinary user'}; {sudo}",
        "run the same command as root (sudo, or su -)",
    )


def memory(machine: Machine, needs: Needs) -> Check:
    """Fail below 2 GB, more with a large Redis, and warn below 4 GB of memory; the defaults are made for 8 GB."""
    amount = f"{size(machine.memory)} of memory, {machine.cpus} CPUs"
    least = LEAST + needs.redis_memory - REDIS_MEMORY
    if machine.memory < least:
        large = needs.redis_memory > REDIS_MEMORY
        of_redis = f", {size(needs.redis_memory)} of them for Redis' data" if large else ""
        fix = "add memory" + (
            "; or lower the old Redis' maxmemory, if it is higher than its data needs" if large else ""
        )
        return Check("memory", State.FAIL, f"{amount}; at least {size(least)} required{of_redis}", fix)
    if machine.memory < ENOUGH:
        return Check("memory", State.WARN, f"{amount}; {size(ENOUGH)} recommended", SMALLEST_SETTINGS)
    return Check("memory", State.OK, amount)


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
        fix = "run this on the host with the containers; on a host without Docker: omnimind up"
    return Check("docker", State.FAIL, f"Docker does not answer: {machine.docker_reason}", fix)


def locale(machine: Machine) -> Check:
    """Warn of a locale other than UTF-8: apt would create a PostgreSQL cluster whose templates refuse UTF-8."""
    if "utf8" in machine.locale.lower().replace("-", ""):
        return Check("locale", State.OK, machine.locale)
    return Check(
        "locale",
        State.WARN,
        f"{machine.locale} is not UTF-8; PostgreSQL is set up with C.UTF-8 regardless",
        "update-locale LANG=C.UTF-8",
    )


def python(machine: Machine, needs: Needs) -> Check:
    """Fail without a Python that the services' user can execute: one in a home folder is not enough."""
    if not needs.venv:
        return Check("python", State.OK, "not needed")
    usable = next((interpreter for interpreter in machine.interpreters if not interpreter.trouble), None)
    if usable:
        link = f" ({usable.real})" if usable.real != usable.path else ""
        return Check("python", State.OK, f"Python {usable.version} at {usable.path}{link}")
    reason = "; ".join(map(_trouble, machine.interpreters)) or f"this host has no {PYTHONS} outside home directories"
    fix = (
        f"install {PYTHONS} (install.sh finds or installs one); "
        "pass --python PATH if it is not in /usr/bin, /usr/local/bin or /opt/omnimind/python"
    )
    return Check("python", State.FAIL, reason, fix)


def _trouble(interpreter: Interpreter) -> str:
    return f"{interpreter.path}: {interpreter.trouble}"
