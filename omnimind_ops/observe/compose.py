"""The Compose file of a project, as a plain mapping."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from omnimind_ops.model.json import JSON
from omnimind_ops.tools import compose
from omnimind_ops.tools.docker import compose_config
from omnimind_ops.tools.shell import run

PROGRAMS = (("docker", "compose"), ("docker-compose",))
SECONDS = 20


def document(project: str, working_dir: str, files: Sequence[str], env_file: str = "") -> dict[str, JSON] | None:
    """Return the project's files merged and interpolated; None when one is missing or cannot be read.

    OmniMind reads the files itself if that gives the same result as Compose: `config` drops keys (env_file), adds
    others, and takes seconds. Files that refer to others (extends, include) or contain Compose's own tags (!reset) are
    read through Compose.
    """
    env = Path(env_file or Path(working_dir) / ".env")
    merged = _read_files(files, variables(env))
    if merged is not None and not compose.needs_compose(merged):
        return merged
    if not files or not all(Path(file).is_file() for file in files):
        return None
    return _read_with_compose(project, working_dir, files, str(env) if env.is_file() else "") or merged


def variables(env: Path) -> dict[str, str]:
    """Return the variables of a .env file; empty without one."""
    try:
        text = env.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return {}
    return {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}


def _read_files(files: Sequence[str], variables: dict[str, str]) -> dict[str, JSON] | None:
    merged: dict[str, JSON] = {}
    try:
        for file in files:
            merged = compose.merge(merged, compose.parse(Path(file).read_text(encoding="utf-8-sig", errors="replace")))
    except (OSError, ValueError):
        return None
    return {key: compose.interpolate(value, variables) for key, value in merged.items()} or None


def _read_with_compose(project: str, working_dir: str, files: Sequence[str], env_file: str) -> dict[str, JSON] | None:
    for program in PROGRAMS:
        completed = run(compose_config(program, project, working_dir, files, env_file), timeout=SECONDS, check=False)
        if completed.ok:
            try:
                return compose.parse(completed.out)
            except ValueError:
                continue
    return None
