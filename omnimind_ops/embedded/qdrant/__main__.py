"""The command line, a subset of the real binary's; see `--help`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from omnimind_ops.embedded.qdrant import version

HELP = """\
Usage: qdrant [OPTIONS]

A stand-in for the Qdrant server over Qdrant's own storage engine.

Options:
      --config-path <FILE>        YAML, as for the real server; QDRANT__SECTION__KEY in the environment wins over it
      --disable-telemetry         accepted; there is none
  -h, --help                      this text
  -V, --version                   say what this is, then exit

Used keys: storage.storage_path, storage.snapshots_path, service.host, service.http_port, service.api_key,
service.read_only_api_key, service.static_content_dir, service.max_request_size_mb."""


def main(argv: list[str]) -> int:
    """Run the command and return the exit code."""
    if {"-V", "--version"} & set(argv):
        print(version.banner())
        return 0
    if {"-h", "--help"} & set(argv):
        print(HELP)
        return 0
    try:
        return _run(_parser().parse_args(argv))
    except argparse.ArgumentError as error:
        print(f"qdrant: {error}; --help lists the options", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """Raise the error; `main` prints it."""
        raise argparse.ArgumentError(None, message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("qdrant", add_help=False, allow_abbrev=False)
    parser.add_argument("--config-path", type=Path)
    parser.add_argument("--disable-telemetry", action="store_true")
    return parser


def _run(options: argparse.Namespace) -> int:
    from omnimind_ops.embedded.qdrant.settings import SettingsError, load
    from omnimind_ops.embedded.qdrant.storage.era import UnreadableStorageError

    try:
        settings = load(options.config_path, os.environ)
        from omnimind_ops.embedded.qdrant.server import serve

        return serve(settings)
    except (SettingsError, UnreadableStorageError, OSError) as error:
        print(f"qdrant: cannot start: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
