"""All tasks for developing omnimind, run in nox's own environment (`.ci/prepare`, locks/dev.txt).

No session installs anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "web", "tests", "e2e"]

REFERENCE = Path(__file__).parent / ".venv-reference/bin/python"
if REFERENCE.exists():
    os.environ.setdefault("OMNIMIND_REFERENCE_PYTHON", str(REFERENCE))

FIRST = (Path(sys.executable).parent, Path(__file__).parent / ".venv-node/bin")
"""Folders that take precedence over the user's PATH, which may have other versions or none."""
os.environ["PATH"] = os.pathsep.join((*(str(folder) for folder in FIRST if folder.exists()), os.environ["PATH"]))

PYTEST = (sys.executable, "-m", "pytest", "--durations=20")
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
"""Two test files in parallel, each in a process with its own servers: most tests wait for something."""
FAULTS = "tests/e2e/test_faults.py"
"""Apart from the others: a caller waits at most ten seconds while a worker is frozen. CI makes a sample of the campaign
`faults` instead, on an embedded system.
"""
ENGINE = ("--extra", "backend", "--extra", "engine")
LOCKS = {
    "cpu": ("pyproject.toml", *ENGINE, "locks/cpu.in"),
    "cu12": ("pyproject.toml", *ENGINE, "locks/cu12.in"),
    "cu13": ("pyproject.toml", *ENGINE, "locks/cu13.in"),
    "demo": ("locks/demo.in",),
    "dev": ("pyproject.toml", "--all-extras", "--group", "dev"),
    "model": ("--no-deps", "locks/model.in"),
    "cli": ("pyproject.toml", "locks/cli.in"),
}
HOST = (
    "sys_platform == 'linux'",
    "platform_machine == 'x86_64'",
    "implementation_name == 'cpython'",
    "python_full_version < '3.14'",
)
HOST += ("platform_python_implementation == 'CPython'", "platform_python_implementation != 'PyPy'")
"""Facts that hold on every host, from pyproject.toml's [tool.uv] environments.

uv adds them to each line; only the differences between Python versions are kept.
"""
PATCH = re.compile(r"python_full_version < '3\.\d+\.\d+'")
"""Markers for early patch levels of a Python. A folder of wheels is built for all patch levels, so all get the
package.
"""


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests except those of the page and those that boot a host."""
    session.run(*PYTEST, *SIDE_BY_SIDE, "-m", "not e2e", *(session.posargs or ("--ignore", "tests/web")))


@nox.session
def e2e(session: nox.Session) -> None:
    """Run the tests on disposable hosts: real systemd, Docker, migration, rollback."""
    session.run(*PYTEST, *SIDE_BY_SIDE, "-m", "e2e", *(session.posargs or ("--ignore", FAULTS)))


@nox.session
def faults(session: nox.Session) -> None:
    """Kill, freeze and starve the services of a migrated host; nothing else may run beside it. Before a release."""
    session.run(*PYTEST, FAULTS, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, import directions, spelling and prose."""
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports")
    session.log("codespell, proselint: all files that git knows")
    session.run("codespell", *tracked("*.md", "*.py", "*.sh", "*.j2", "*.toml", "*.ts", "*.tsx", "*.json"), log=False)
    session.run("proselint", "check", *(file for file in tracked("*.md") if "fixtures" not in file), log=False)


def tracked(*patterns: str) -> list[str]:
    """Return the files tracked by git that match these patterns."""
    return subprocess.check_output(("git", "ls-files", "--", *patterns), text=True).splitlines()


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.run("mypy")


@nox.session
def web(session: nox.Session) -> None:
    """Check the page: style, types, own tests, its client against the OpenAPI document, and tests/web in a browser."""
    with session.chdir("frontend"):
        for script in ("lint", "typecheck", "test", "api:check"):
            session.run("npm", "run", "--silent", script, external=True)
    session.run(*PYTEST, "tests/web")  # in a separate process: Playwright leaves an event loop running


@nox.session
def demo(session: nox.Session) -> None:
    """Boot a host with the sample stack, migrate it for real, and print the summary."""
    session.run(sys.executable, "-m", "tests.hosts.demo", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run a benchmark: `nox -s bench -- NAME` prints a table and, as its last line, one JSON object."""
    name, *rest = session.posargs or ["migrate"]
    session.run(sys.executable, "-m", f"benchmarks.{name}", *rest)


@nox.session
def campaign(session: nox.Session) -> None:
    """Run random trials: `nox -s campaign -- NAME --seed S --count N [--resume]`.

    Each campaign adds a row to docs/measurements.md; see docs/campaigns.md.
    """
    session.run(sys.executable, "-m", "tests.campaigns", *session.posargs)


@nox.session
def locks(session: nox.Session) -> None:
    """Rebuild locks/*.txt, or only the named ones: `nox -s locks -- model`.

    locks/README.md explains how the locks without hashes are made.
    """
    common = (
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--upgrade",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-annotate",
        "--no-header",
    )
    common += ("--no-emit-package", "openvino-telemetry")  # see locks/README.md
    for lock in session.posargs or LOCKS:
        file = Path("locks", f"{lock}.txt")
        session.run(*common, "--universal", "--python-version", "3.11", *LOCKS[lock], "-o", str(file))
        file.write_text("".join(map(without_host, file.read_text().splitlines(keepends=True))))


def without_host(line: str) -> str:
    """Return a requirement without the markers that every host fulfils."""
    found = re.fullmatch(r"(\S+==\S+) ; (.+?)( \\)?\n", line)
    if not found:
        return line
    rest = [part for part in found[2].split(" and ") if part not in HOST and not PATCH.fullmatch(part)]
    return found[1] + (f" ; {' and '.join(rest)}" if rest else "") + (found[3] or "") + "\n"
