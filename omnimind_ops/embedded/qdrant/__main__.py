"""The command line, a subset of the real binary's; see `--help`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from omnimind_ops.embedded.qdrant import version

HELP = """\
Usage: qdrant [OPTIONS]

A stand-in for the Qdrant server over Qdrant's own storage engine.

  --config-path FILE   YAML, as for the real server; QDRANT__SECTION__KEY in the environment wins over it
  --optimize NAME      build the HNSW index of a collection, then exit; the server must not be running
  --version, -V        say what this is, then exit
  --help, -h           this text

Used keys: storage.storage_path, storage.snapshots_path, service.host, service.http_port, service.api_key,
service.read_only_api_key, service.static_content_dir, service.max_request_size_mb."""


def main(words: list[str]) -> int:
    """Run the command; the exit code."""
    config: Path | None = None
    optimize: str | None = None
    rest = iter([part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])])
    for word in rest:
        if word in ("--version", "-V"):
            print(version.banner())
            return 0
        if word in ("--help", "-h"):
            print(HELP)
            return 0
        if word == "--config-path":
            config = Path(next(rest, ""))
        elif word == "--optimize":
            optimize = next(rest, "")
        elif word != "--disable-telemetry":
            print(f"qdrant: unknown option {word!r}; --help lists them", file=sys.stderr)
            return 2
    return _run(config, optimize)


def _run(config: Path | None, optimize: str | None) -> int:
    from omnimind_ops.embedded.qdrant.settings import SettingsError, load
    from omnimind_ops.embedded.qdrant.storage.era import UnreadableStorageError

    try:
        settings = load(config, os.environ)
        if optimize is not None:
            from omnimind_ops.embedded.qdrant.optimize import optimize_collection

            return optimize_collection(settings, optimize)
        from omnimind_ops.embedded.qdrant.server import serve

        return serve(settings)
    except (SettingsError, UnreadableStorageError) as error:
        print(f"qdrant: cannot start: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"qdrant: cannot start: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
