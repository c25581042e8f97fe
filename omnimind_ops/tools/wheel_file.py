"""Write a wheel: the same files give the same bytes on any machine, so a wheel's hash identifies its content."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time in a zip
WHEEL = "Wheel-Version: 1.0\nGenerator: omnimind\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write(folder: Path, name: str, version: str, files: Mapping[str, bytes], info: Mapping[str, bytes]) -> Path:
    """Write NAME-VERSION-py3-none-any.whl and return its path.

    `files` are the files for site-packages, `info` those for its dist-info. Nothing is compressed: compressed data
    differs between versions of the compressor.
    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    info_dir = f"{name}-{version}.dist-info"
    packed = {path: files[path] for path in sorted(files)}
    packed |= {f"{info_dir}/{path}": data for path, data in sorted({**info, "WHEEL": WHEEL.encode()}.items())}
    packed[f"{info_dir}/RECORD"] = _record(packed, f"{info_dir}/RECORD")
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path, data in packed.items():
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return target


def _record(files: Mapping[str, bytes], record: str) -> bytes:
    lines = (f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items())
    return ("".join(lines) + f"{record},,\n").encode()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def metadata(project: Mapping[str, Any], version: str) -> bytes:
    """Return METADATA for the table [project] of a pyproject.toml.

    It has the fields that installers read: description and requirements.
    """
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        *(f"License-File: {name}" for name in project["license-files"]),
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
        *_extras(project["optional-dependencies"], normal(project["name"])),
    ]
    return ("\n".join(lines) + "\n").encode()


def _extras(extras: Mapping[str, Sequence[str]], project: str) -> Iterable[str]:
    for name in sorted(extras):
        yield f"Provides-Extra: {name}"
        for requirement in dict.fromkeys(_flat(name, extras, project)):
            name_and_version, _, marker = (part.strip() for part in requirement.partition(";"))
            yield f"Requires-Dist: {name_and_version}; " + (f"({marker}) and " if marker else "") + f"extra == '{name}'"


def _flat(extra: str, extras: Mapping[str, Sequence[str]], project: str) -> Iterable[str]:
    """Yield an extra's requirements, with the extras of `project` replaced by their content.

    An installer would ask an index for such an extra by name.
    """
    for requirement in extras[extra]:
        match = re.fullmatch(r"([\w.-]+)\[([\w., -]+)\]", requirement)
        if match and normal(match[1]) == project:
            for extra_name in match[2].split(","):
                yield from _flat(extra_name.strip(), extras, project)
        else:
            yield requirement


def entry_points(scripts: Mapping[str, str]) -> bytes:
    """Return entry_points.txt for the table [project.scripts]."""
    return ("[console_scripts]\n" + "".join(f"{name} = {scripts[name]}\n" for name in sorted(scripts))).encode()


def normal(name: str) -> str:
    """Return a distribution's name as an index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
