"""Build the Qdrant stand-in as one executable file, for containers of tests: `python -m tests.qdrant_standin.build
OUT_FILE`.

The file needs a glibc at least as new as that of the machine it was built on (and 2.28), and a temporary directory that
is writable and not `noexec`; no Python, no network. It unpacks itself there at every start (50 MB, a third of a
second).
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.origin import with_extras
from omnimind_ops.tools.shell import run

ROOT = Path(__file__).parents[2]
SECONDS = 600
EXCLUDED = (
    "numpy", "tkinter", "sqlite3", "unittest", "pydoc", "doctest", "test", "lib2to3", "distutils", "setuptools", "pkg_resources",
    "curses", "readline", "xmlrpc", "pydantic", "grpc", "uvloop", "watchfiles", "websockets", "wsproto",
    "httpx", "jinja2", "trio", "rich", "dotenv", "pdb", "bz2", "lzma", "itsdangerous",
)  # fmt: skip
"""What the analysis finds but a server never imports; every file less makes the start quicker."""
HIDDEN = ("uvicorn.lifespan.on", "uvicorn.loops.asyncio", "uvicorn.protocols.http.httptools_impl")
"""What is only imported by name."""


def build(out: Path) -> None:
    """Write the executable; a Problem says what is missing."""
    _check()
    with tempfile.TemporaryDirectory(prefix="qdrant-build-") as work:
        run(
            _words(Path(work)),
            timeout=SECONDS,
            # PyInstaller's cache of stripped libraries (45 MB) goes with the rest.
            env={"PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": "1", "PYINSTALLER_CONFIG_DIR": str(Path(work) / "cache")},
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = out.with_name(f".{out.name}.new")
        shutil.copyfile(Path(work) / "dist" / "qdrant", beside)
    beside.chmod(0o755)
    beside.replace(out)


def _words(work: Path) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "PyInstaller", "--onefile", "--noconfirm", "--log-level=WARN", "--name=qdrant", "--noupx",
        "--optimize=2", "--copy-metadata=qdrant-edge-py", f"--paths={ROOT}",
        f"--distpath={work / 'dist'}", f"--workpath={work / 'build'}", f"--specpath={work}",
        *(("--strip",) if shutil.which("strip") else ()),
        *(f"--exclude-module={name}" for name in EXCLUDED),
        *(f"--hidden-import={name}" for name in HIDDEN),
        str(ROOT / "tests" / "qdrant_standin" / "executable.py"),
    )  # fmt: skip


def _check() -> None:
    what = "cannot build the Qdrant stand-in"
    for name in (
        "PyInstaller",
        "qdrant_edge",
        "starlette",
        "uvicorn",
        "orjson",
        "httptools",
        "multipart",
        "yaml",
    ):
        if importlib.util.find_spec(name) is None:
            raise Problem(
                what,
                f"this Python has no module {name}",
                f"install PyInstaller and, {with_extras('embedded')}; then try again",
            )
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise Problem(
            what,
            f"{sys.executable} was built without a shared library, which PyInstaller needs",
            "use the distribution's python3, or build yours with --enable-shared",
        )


def main(words: list[str]) -> int:
    """Command line: one word, the file to write."""
    if len(words) != 1 or words[0].startswith("-"):
        print("usage: python -m tests.qdrant_standin.build OUT_FILE", file=sys.stderr)
        return ExitCode.USAGE
    try:
        build(Path(words[0]))
    except Problem as problem:
        print(f"{problem}\n{problem.fix}", *problem.log, sep="\n", file=sys.stderr)
        return problem.code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
