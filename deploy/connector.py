"""The pyinfra connector for this host.

Commands run in a shell, files are replaced by rename, and facts are read in batches. Every `host.get_fact` of an
operation ends in `Machine.run_shell_command`. While roles are prepared, a `Batch` answers there.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gevent
from gevent.subprocess import PIPE, Popen
from pyinfra.api import Host, State, StringCommand
from pyinfra.api.output import echo
from pyinfra.api.util import get_file_io
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.util import CommandOutput, OutputLine, make_unix_command_for_host

from deploy.batch import Batch

NEW_SUFFIX = ".omnimind-new"
"""Suffix of a new file until it is renamed."""


class Machine(LocalConnector):
    """This host, in place of pyinfra's own @local.

    `last` is the output of the last command, stdout and stderr in order.
    """

    def __init__(self, state: State, host: Host, batch: Batch | None = None) -> None:
        super().__init__(state, host)
        self.batch = batch
        self.last: list[OutputLine] = []

    def run_shell_command(
        self, command: StringCommand, print_output: bool = False, print_input: bool = False, **arguments: Any
    ) -> tuple[bool, CommandOutput]:
        """Run a command, or answer it from the batch.

        Bytes that are not UTF-8 are replaced; pyinfra's own reader fails on them.
        """
        del print_input
        timeout, stdin = arguments.pop("_timeout", None), arguments.pop("_stdin", None)
        codes = arguments.pop("_success_exit_codes", None) or (0,)
        arguments.pop("_get_pty", None)
        line = make_unix_command_for_host(self.state, self.host, command, **arguments).get_raw_value()
        if self.batch and not self.state.is_executing and (answer := self.batch.ask(line, self.host.in_op)) is not None:
            return answer[0] in codes, CommandOutput([OutputLine("stdout", text) for text in answer[1]])
        code, self.last = execute(line, "".join(stdin) if stdin else "", print_output, timeout)
        return code in codes, CommandOutput(self.last)

    def put_file(
        self,
        filename_or_io: Any,
        remote_filename: str,
        remote_temp_filename: str | None = None,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> bool:
        """Write a file beside its destination and rename it, so that a reader sees either the old or the new file.

        A replaced file keeps its owner and mode. A new file is readable only by root until the operation sets its
        owner.
        """
        del remote_temp_filename, print_output, print_input, arguments
        with get_file_io(filename_or_io) as source:
            data = source.read()
        try:
            _replace(remote_filename, data.encode() if isinstance(data, str) else data)
        except OSError as error:
            self.last = [OutputLine("stderr", f"cannot write {remote_filename}: {error.strerror}")]
            return False
        return True


def execute(
    command: str, stdin: str = "", echo_lines: bool = False, timeout: float | None = None
) -> tuple[int, list[OutputLine]]:
    """Run a shell command and return its exit status and output lines.

    With `echo_lines`, each line is echoed as it arrives. Raises TimeoutError after `timeout` seconds.
    """
    process = Popen(("/bin/sh", "-c", command), stdin=PIPE, stdout=PIPE, stderr=PIPE)
    lines: list[OutputLine] = []
    streams = (("stdout", process.stdout), ("stderr", process.stderr))
    readers = [gevent.spawn(_read, name, stream, lines, echo_lines) for name, stream in streams]
    try:
        process.stdin.write(stdin.encode())
    except BrokenPipeError:
        pass
    finally:
        process.stdin.close()
    if len(gevent.joinall(readers, timeout=timeout, raise_error=True)) < len(readers):
        process.kill()
        gevent.killall(readers)
        raise TimeoutError
    process.wait()
    for _, stream in streams:
        stream.close()
    return process.returncode, lines


def _read(name: str, stream: Iterable[bytes], lines: list[OutputLine], echo_lines: bool) -> None:
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    for raw in stream:
        line = decode(raw).rstrip("\n")
        lines.append(OutputLine(name, line))
        if echo_lines:
            echo(line)


def _replace(path: str, data: bytes) -> None:
    target, temporary = Path(path), Path(path + NEW_SUFFIX)
    temporary.unlink(missing_ok=True)  # left over from an earlier run, and perhaps open elsewhere
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if target.is_file() and not target.is_symlink():
                old = target.stat()
                os.fchown(descriptor, old.st_uid, old.st_gid)
                os.fchmod(descriptor, old.st_mode & 0o7777)
        temporary.rename(target)
    except OSError:
        temporary.unlink()
        raise
