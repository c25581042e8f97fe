"""Large tars of the cache: compressed on the disk, and passed to and from commands without an uncompressed copy."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import zstandard

from .outside import OutsideError

TAIL = 4_000
Start = Callable[..., subprocess.Popen[bytes]]
"""Starts a command, on this machine or in a host, with `stdin`, `stdout` and `stderr` as subprocess takes them."""


def here(words: Sequence[str]) -> Start:
    """A command of this machine."""
    return lambda **streams: subprocess.Popen(words, **streams)


def keep(start: Start, target: Path) -> None:
    """Write what a command prints, compressed."""
    with target.open("wb") as handle, _started(start, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as client:
        assert client.stdout
        zstandard.ZstdCompressor().copy_stream(client.stdout, handle)


def feed(source: Path, start: Start) -> None:
    """Give a command what `keep` wrote."""
    with source.open("rb") as handle, _started(start, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as client:
        assert client.stdin
        zstandard.ZstdDecompressor().copy_stream(handle, client.stdin)


def pass_on(first: Start, second: Start) -> None:
    """Give the second command what the first prints."""
    with _started(second, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as taker:
        assert taker.stdin
        with _started(first, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as maker:
            assert maker.stdout
            shutil.copyfileobj(maker.stdout, taker.stdin, 1 << 20)


@contextmanager
def unpacked(source: Path) -> Iterator[IO[bytes]]:
    """What `keep` wrote, as a file for a block."""
    with tempfile.TemporaryFile() as whole, source.open("rb") as handle:
        zstandard.ZstdDecompressor().copy_stream(handle, whole)
        whole.seek(0)
        yield whole


@contextmanager
def _started(start: Start, **streams: int) -> Iterator[subprocess.Popen[bytes]]:
    """A command for a block; it has failed if its exit code says so, and is not left running when the block fails."""
    with tempfile.TemporaryFile() as said:
        client = start(stderr=said, **streams)
        try:
            yield client
            if client.stdin:
                client.stdin.close()
        except BrokenPipeError:
            pass  # its exit code and its words say why
        except BaseException:
            client.kill()
            raise
        finally:
            code = client.wait()
            for stream in (client.stdin, client.stdout):
                _close(stream)
        if code:
            said.seek(0)
            raise OutsideError(f"cannot `{client.args!s}`: exit {code}\n{said.read().decode(errors='replace')[-TAIL:]}")


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream:
            stream.close()
    except BrokenPipeError:
        pass
