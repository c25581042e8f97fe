"""A run is completed by the code version that started it: which version that was, and where this host still has it.

install.sh keeps an environment as long as an open run needs it; the services' environments also contain the code that
created them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from omnimind_ops import __version__, origin
from omnimind_ops.model.code import Code, started_by
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.runner.history import History

ENDED = frozenset({RunState.ROLLED_BACK, RunState.FINISHED})
NATIVE = ENDED | {RunState.CONFIRMED}
SHORT = 12
"""Digits of the digest in an environment's name: /opt/omnimind/cli/VERSION-DIGEST-PYTHON (install.sh)."""


def running_code() -> Code:
    """Return the running code."""
    return Code(__version__, origin.digest(), str(Path(sys.executable).with_name("omnimind")), str(origin.ROOT))


def as_setup() -> dict[str, JSON]:
    """Return the running code in the form that a run's setup stores."""
    return dict(asdict(running_code()))


def is_ours(run: Run) -> bool:
    """Return whether the running code is the code that started the run."""
    code = started_by(run)
    return code.digest == origin.digest() if code.digest else code.version == __version__


def command_of(run: Run, paths: Paths) -> Path:
    """Return the command of an installed environment that contains the code which started the run.

    Without one, it raises Problem with what to do.
    """
    code = started_by(run)
    for program, root in _environments(code, paths):
        if program.is_file() and _contains(program, root, code):
            return program
    reason = (
        f"omnimind {code.version or '(unknown version)'} started it, this is {__version__}, "
        "and the environment it ran from is gone"
    )
    reinstall = (
        f"install {code.version} again (sh install.sh omnimind_ops-{code.version}-….whl) and run the same command"
        if code.version
        else ""
    )
    fix = f"{reinstall}; or " if reinstall else ""
    raise Problem(f"cannot continue run {run.id}", reason, f"{fix}let this version continue it: add --take-over")


def timer_command(paths: Paths) -> Path:
    """Return the command that the timer of an unconfirmed run calls.

    It is this environment's if install.sh keeps it, else that of the services.
    """
    if origin.ROOT.is_relative_to((paths.opt / "cli").resolve()):
        return Path(sys.executable).with_name("omnimind")
    return paths.venv / "bin/omnimind"


def open_migrations(history: History, paths: Paths) -> Iterator[tuple[Run, Path | None]]:
    """Yield each open migration with the environment in /opt/omnimind/cli that started it, None without one."""
    for run in history.runs():
        if run.plan.name == "migrate" and run.state not in ENDED:
            code = started_by(run)
            yield (
                run,
                next(
                    (
                        program.parents[1]
                        for program, root in _cli_environments(paths)
                        if _contains(program, root, code)
                    ),
                    None,
                ),
            )


def _environments(code: Code, paths: Paths) -> Iterator[tuple[Path, Path]]:
    if code.program and code.program != str(Path(sys.executable).with_name("omnimind")):
        yield Path(code.program), Path(code.root)
    yield from _cli_environments(paths)
    yield from _complete_environments(paths, "venvs")


def _cli_environments(paths: Paths) -> Iterator[tuple[Path, Path]]:
    return _complete_environments(paths, "cli")


def _complete_environments(paths: Paths, kind: str) -> Iterator[tuple[Path, Path]]:
    """Yield the command and the site-packages folder of each complete environment of a kind."""
    for mark in sorted(paths.opt.glob(f"{kind}/*/.complete")):
        folder = mark.parent
        if not folder.is_symlink() and (root := next(folder.glob("lib/python3*/site-packages"), None)):
            yield folder / "bin/omnimind", root


def _contains(program: Path, root: Path, code: Code) -> bool:
    if code.digest and program.parents[1].name.startswith(f"{code.version}-{code.digest[:SHORT]}-"):
        return True
    with suppress(OSError, Problem):
        return origin.version(root) == code.version and (not code.digest or origin.digest(root) == code.digest)
    return False
