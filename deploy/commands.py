"""The type of the commands that an operation yields."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra.api import FileUploadCommand, StringCommand

Commands = Generator[StringCommand | FileUploadCommand, None, None]
