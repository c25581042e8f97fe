"""What starts a Compose project's containers besides the engine: systemd units, cron, rc.local. Read-only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.facts import Project, Starter
from omnimind_ops.observe import text
from omnimind_ops.tools.shell import run

UNITS = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
"""Folders with systemd/system; the first that has a unit counts."""
FILES = (
    "etc/crontab",
    "etc/cron.d/*",
    "etc/cron.*ly/*",
    "var/spool/cron/crontabs/*",
    "etc/rc.local",
    "etc/systemd/user/*.service",
    "home/*/.config/systemd/user/*.service",
    "root/.config/systemd/user/*.service",
)
SCRIPT_MAX = 65_536
STARTS = re.compile(
    r"docker(?:-compose|\s+compose)\b[^;|&\n]*?\s(?:up|start|restart|run)\b"
    r"|docker\s+(?:container\s+)?(?:start|restart|run)\b"
)
PATH = re.compile(r"/[\w./+@-]+")
ACTIVE = ("active", "activating", "reloading")


@dataclass(frozen=True)
class Unit:
    """A unit's name and text, drop-ins included, with the instance filled in."""

    name: str
    text: str


def starters(project: Project, root: Path = Path("/")) -> tuple[Starter, ...]:
    """Return what would start this project's containers, by name."""
    used = tuple(
        Starter(unit.name, command)
        for unit in units(root)
        if (command := start_command(unit.text, project, root)) and is_used(unit.name)
    )
    others = (
        Starter(f"/{file.relative_to(root)}", command, unit=False)
        for pattern in FILES
        for file in sorted(root.glob(pattern))
        if (command := start_command(text.read(file), project, root))
    )
    return tuple(dict.fromkeys((*used, *others)))


def start_command(content: str, project: Project, root: Path = Path("/")) -> str:
    """Return the line that starts containers of the project, "" for none. Scripts that a line calls are read too."""
    lines = [line.strip() for line in content.replace("\\\n", " ").splitlines()]
    lines = [line for line in lines if line and line[0] not in "#;"]
    for line in lines:
        scripts = [(path, body) for path in PATH.findall(line) if (body := _script(root / path.lstrip("/")))]
        bodies = [_uncommented(body) for _, body in scripts]
        whole = "\n".join((*lines, *bodies))
        if any(STARTS.search(item) for item in (line, *bodies)) and _mentions(whole, project):
            return line.partition("=")[2].strip() if line.startswith("Exec") else line
    return ""


def units(root: Path) -> Iterator[Unit]:
    """Yield every system service; a template once for each of its instances that something wants."""
    folders = [root / folder / "systemd/system" for folder in UNITS]
    observed: set[str] = set()
    for folder in folders:
        for file in sorted(folder.glob("*.service")):
            if file.name in observed:
                continue
            observed.add(file.name)
            content = "\n".join((text.read(file), *map(text.read, _drop_ins(file.name, folders))))
            for name, instance in _instances(file.name, folders):
                yield Unit(name, content.replace("%i", instance).replace("%I", instance))


def is_used(unit: str) -> bool:
    """Return whether a unit is enabled, active, or started by a timer."""
    timer = unit.removesuffix(".service") + ".timer"
    enabled = run(("systemctl", "is-enabled", unit, timer), check=False).out.split()
    active = run(("systemctl", "is-active", unit, timer), check=False).out.split()
    return "enabled" in enabled or "enabled-runtime" in enabled or any(state in ACTIVE for state in active)


def _instances(name: str, folders: Iterable[Path]) -> list[tuple[str, str]]:
    stem = name.removesuffix(".service")
    if not stem.endswith("@"):
        return [(name, "")]
    links = {link.name for folder in folders for link in folder.glob(f"*.wants/{stem}*.service")}
    return [(link, link.removesuffix(".service").partition("@")[2]) for link in sorted(links)]


def _drop_ins(name: str, folders: Iterable[Path]) -> list[Path]:
    return [file for folder in folders for file in sorted((folder / f"{name}.d").glob("*.conf"))]


def _script(path: Path) -> str:
    """Return the text of a script, "" for anything else."""
    try:
        if not path.is_file() or path.stat().st_size > SCRIPT_MAX:
            return ""
        content = path.read_bytes()
    except OSError:
        return ""
    return content.decode(errors="replace") if content.startswith(b"#!") else ""


def _uncommented(body: str) -> str:
    return "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("#"))


def _mentions(content: str, project: Project) -> bool:
    """Return whether a text names the project: its folder, files, name or containers."""
    folder = project.working_dir.rstrip("/")
    home = re.match(r"/(?:home/[^/]+|root)(?=/)", folder)
    folders = [
        folder,
        *((f"{start}{folder[home.end() :]}" for start in ("~", "$HOME", "${HOME}", "%h")) if home else ()),
    ]
    names = "|".join(re.escape(container.name) for container in project.containers)
    patterns = (
        *(rf"(?<![\w/]){re.escape(item)}(?![\w-])" for item in folders if item),
        rf"(?:-p|--project-name|COMPOSE_PROJECT_NAME)[\s=]+[\"']?{re.escape(project.name)}(?![\w-])",
        *([rf"docker\s[^;|&\n]*(?<![\w-])(?:{names})(?![\w-])"] if names else []),
    )
    return any(re.search(pattern, content) for pattern in patterns)
