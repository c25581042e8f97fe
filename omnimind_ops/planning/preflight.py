"""Named checks before anything is changed: the result, its state, and the command that fixes it. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace

from omnimind_ops.model.facts import Machine, Project
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.model.wheelhouse import Target
from omnimind_ops.planning import check_host, check_stores
from omnimind_ops.planning.check import Check, Needs, State
from omnimind_ops.planning.check_backup import backup
from omnimind_ops.planning.check_disk import disk
from omnimind_ops.planning.check_gpu import cuda, gpu_containers
from omnimind_ops.planning.check_index import index
from omnimind_ops.planning.check_ports import ports
from omnimind_ops.planning.check_starters import starters
from omnimind_ops.planning.check_volumes import volumes
from omnimind_ops.planning.check_wheelhouse import wheelhouse
from omnimind_ops.planning.check_writers import outside_writers

__all__ = ["NAMES", "Check", "Needs", "State", "checks", "refuse"]

NAMES = (
    "os",
    "systemd",
    "root",
    "disk",
    "memory",
    "docker",
    "volumes",
    "starters",
    "ports",
    "locale",
    "cuda",
    "python",
    "index",
    "wheelhouse",
    "backup",
    "redis",
    "qdrant",
    "outside-writers",
    "gpu-containers",
)


def checks(
    machine: Machine,
    project: Project | None,
    needs: Needs,
    ignore: frozenset[str] = frozenset(),
    force_os: bool = False,
) -> tuple[Check, ...]:
    """Return every result in the order of NAMES; a name in `ignore` turns its failures into warnings."""
    _require_known(ignore)
    results = (
        check_host.os(machine, force_os),
        check_host.systemd(machine, needs),
        check_host.root(machine, needs),
        *disk(machine.disks, needs.space, needs.venv, needs.lock or machine.gpu.lock),
        check_host.memory(machine, needs),
        check_host.docker(machine, needs),
        *volumes(project),
        *starters(needs.starters),
        *ports(machine.holders, project, needs.ports, needs.units, needs.port_settings, needs.beside),
        check_host.locale(machine),
        cuda(machine.gpu, needs.lock),
        check_host.python(machine, needs),
        index(needs.index, needs.venv_exists),
        wheelhouse(needs.wheelhouse, needs.pins, _target(machine), needs.lock or machine.gpu.lock),
        backup(needs.backup, needs.checksum),
        *check_stores.redis(needs),
        *check_stores.qdrant(needs),
        outside_writers(needs),
        gpu_containers(machine.gpu_containers),
    )
    return tuple(_ignored(check) if check.id in ignore and check.state is State.FAIL else check for check in results)


def _target(machine: Machine) -> Target | None:
    """Return the target for wheels; None without a suitable Python, which the check python reports."""
    usable = next((interpreter for interpreter in machine.interpreters if not interpreter.trouble), None)
    return Target(usable.version, machine.glibc, machine.arch) if usable else None


def refuse(results: Iterable[Check]) -> None:
    """Raise one Problem that lists every failure with its fix; return if there is none."""
    failed = [check for check in results if check.state is State.FAIL]
    if not failed:
        return
    names = tuple(dict.fromkeys(check.id for check in failed))
    why = (
        f"{len(failed)} checks failed ({', '.join(names)})"
        if len(failed) > 1
        else f"check {names[0]} failed: {failed[0].found}"
    )
    ignore = " ".join(f"--ignore {name}" for name in names)
    fix = failed[0].fix if len(failed) == 1 else "fix each as listed below"
    raise Problem(
        "cannot start",
        why,
        f"{fix}; or continue anyway: {ignore}",
        log=tuple(f"{c.id}: {c.found} → {c.fix}" for c in failed),
    )


def _require_known(ignore: Iterable[str]) -> None:
    unknown = sorted(set(ignore) - set(NAMES))
    if unknown:
        matches = [match for name in unknown for match in difflib.get_close_matches(name, NAMES, 1)]
        hint = f" (did you mean {', '.join(matches)}?)" if matches else ""
        raise Problem(
            "cannot ignore a check that does not exist",
            f"{', '.join(unknown)}{hint}",
            f"valid names: {', '.join(NAMES)}",
            code=ExitCode.USAGE,
        )


def _ignored(check: Check) -> Check:
    return replace(check, state=State.WARN, found=f"{check.found} (ignored)")
