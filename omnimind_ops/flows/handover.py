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


def here() -> Code:
    """Return the running code."""
    return Code(__version__, origin.digest(), str(Path(sys.executable).with_name("omnimind")), str(origin.ROOT))


def note() -> dict[str, JSON]:
    """Return the running code in the form that a run's setup stores."""
    return dict(asdict(here()))


def is_ours(run: Run) -> bool:
    """Return whether the running code is the code that started the run."""
    code = started_by(run)
    return code.digest == origin.digest() if code.digest else code.version == __version__


def command(run: Run, paths: Paths) -> Path:
    """Return the command of an installed environment that contains the code which started the run.

    Without one, it raises Problem with what to do.
    """
    code = started_by(run)
    for program, root in _environments(code, paths):
        if program.is_file() and _holds(program, root, code):
            return program
    why = f"omnimind {code.version or '(an unknown version)'} began it, this is {__version__}, and the environment it ran from is gone"
    again = (
        f"install {code.version} again (sh install.sh omnimind_ops-{code.version}-….whl) and run the same command"
        if code.version
        else ""
    )
    fix = f"{again}; or " if again else ""
    raise Problem(f"cannot go on with run {run.id}", why, f"{fix}let this version do it: add --take-over")


def timer_command(paths: Paths) -> Path:
    """Return the command that the timer of an unconfirmed run calls.

    It is this environment's if install.sh keeps it, else that of the services.
    """
    if origin.ROOT.is_relative_to((paths.opt / "cli").resolve()):
        return Path(sys.executable).with_name("omnimind")
    return paths.venv / "bin/omnimind"


def needed(history: History, paths: Paths) -> Iterator[tuple[Run, Path | None]]:
    """Yield each open migration with the environment in /opt/omnimind/cli that started it, None without one."""
    for run in history.runs():
        if run.plan.name == "migrate" and run.state not in ENDED:
            code = started_by(run)
            yield run, next((program.parents[1] for program, root in _kept(paths) if _holds(program, root, code)), None)


def _environments(code: Code, paths: Paths) -> Iterator[tuple[Path, Path]]:
    if code.program and code.program != str(Path(sys.executable).with_name("omnimind")):
        yield Path(code.program), Path(code.root)
    yield from _kept(paths)
    yield from _complete(paths, "venvs")


def _kept(paths: Paths) -> Iterator[tuple[Path, Path]]:
    return _complete(paths, "cli")


def _complete(paths: Paths, kind: str) -> Iterator[tuple[Path, Path]]:
    """Yield the command and the site-packages folder of each complete environment of a kind."""
    for mark in sorted(paths.opt.glob(f"{kind}/*/.complete")):
        folder = mark.parent
        if not folder.is_symlink() and (root := next(folder.glob("lib/python3*/site-packages"), None)):
            yield folder / "bin/omnimind", root


def _holds(program: Path, root: Path, code: Code) -> bool:
    if code.digest and program.parents[1].name.startswith(f"{code.version}-{code.digest[:SHORT]}-"):
        return True
    with suppress(OSError, Problem):
        return origin.version(root) == code.version and (not code.digest or origin.digest(root) == code.digest)
    return False
