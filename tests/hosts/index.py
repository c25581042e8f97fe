"""A package index of our own: a folder of wheels, and beside them strangers' packages under our names, which tell when
they are used.

A hostile package stands in for anybody who registers a name of ours on an index that a host asks: it leaves a mark when
it is built, when it is imported, and when any Python starts beside it. `with serving(wheels, marks) as index:` →
`index.url`, `index.asked(…)`, `index.marks()`. Only the standard library, so that it can be copied into a host:
`python3 index.py WHEELS MARKS ADDRESS PORT` prints each path that is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMES = ("omnimind", "omnimind-ops", "backend", "deploy", "templates")
"""Our distribution, our command and our modules: what an installer could be led to ask for."""
MODULES = ("omnimind", "omnimind_ops", "backend", "deploy", "templates")
WHEEL_VERSION, SOURCE_VERSION = "99.0.0", "99.1.0"
MARK = "import pathlib, sys; pathlib.Path({folder!r}, {mark!r}).write_text(sys.executable)\n"


@dataclass
class Index:
    """What is served, by file name, and what was asked for."""

    files: dict[str, Path | bytes]
    marked: Path
    url: str = ""
    paths: list[str] = field(default_factory=list)
    aloud: bool = False  # prints each path as well
    login: str = ""  # NAME:PASSWORD, without which nothing is answered

    def asked(self, *names: str) -> list[str]:
        """The requests for projects or files of these names (default: all hostile ones)."""
        wanted = {normal(name) for name in names or NAMES}
        return [path for path in self.paths if project(path.rstrip("/").rpartition("/")[2]) in wanted]

    def marks(self) -> list[str]:
        """What hostile code did: NAME-built, NAME-imported, NAME-started."""
        return sorted(path.name for path in self.marked.iterdir())

    def page(self, name: str) -> bytes | None:
        """The page of a project (PEP 503)."""
        results = [file for file in sorted(self.files) if project(file) == name]
        links = (
            f'<a href="../../files/{file}#sha256={hashlib.sha256(self.read(file)).hexdigest()}">{file}</a><br>'
            for file in results
        )
        return ("<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>").encode() if results else None

    def read(self, file: str) -> bytes:
        content = self.files[file]
        return content if isinstance(content, bytes) else content.read_bytes()

    def answer(self, path: str) -> bytes | None:
        self.paths.append(path)
        if self.aloud:
            print(path, flush=True)
        place, _, name = path.strip("/").rpartition("/")
        if place == "simple":
            return self.page(normal(name))
        return self.read(name) if place == "files" and name in self.files else None


@contextmanager
def serving(wheels: Path | None, marked: Path, *, address: str = "127.0.0.1", port: int = 0) -> Iterator[Index]:
    """Serve the wheels in `wheels`, but none of ours, and the hostile packages; their marks appear in `marked`."""
    marked.mkdir(parents=True, exist_ok=True)
    marked.chmod(0o1777)
    real = {path.name: path for path in (wheels.glob("*.whl") if wheels else ()) if project(path.name) not in NAMES}
    index = Index({**real, **hostile(marked)}, marked)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if (
                index.login
                and self.headers["Authorization"] != f"Basic {base64.b64encode(index.login.encode()).decode()}"
            ):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = index.answer(self.path.partition("#")[0])
            self.send_response(404 if body is None else 200)
            kind = "text/html" if self.path.startswith("/simple") else "application/octet-stream"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer((address, port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index.url = f"http://{address}:{server.server_port}/simple"
        yield index
        server.shutdown()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def project(file: str) -> str:
    """The project that a file belongs to; of a project's page, itself."""
    return (
        normal(re.split(r"-\d", file, maxsplit=1)[0]) if file.endswith((".whl", ".gz", ".metadata")) else normal(file)
    )


def hostile(marked: Path) -> dict[str, bytes]:
    """A wheel and a newer source archive for each of our names."""
    results = {}
    for name in NAMES:
        base = name.replace("-", "_")
        results[f"{base}-{WHEEL_VERSION}-py3-none-any.whl"] = _wheel(name, base, str(marked))
        results[f"{base}-{SOURCE_VERSION}.tar.gz"] = _source(name, base, str(marked))
    return results


def _wheel(name: str, base: str, marked: str) -> bytes:
    info = f"{base}-{WHEEL_VERSION}.dist-info"
    files = {f"{module}/__init__.py": MARK.format(folder=marked, mark=f"{name}-imported") for module in MODULES}
    files |= {
        f"aaa-{base}.pth": MARK.format(folder=marked, mark=f"{name}-started"),
        f"{info}/METADATA": _metadata(name, WHEEL_VERSION),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nomnimind = omnimind:main\n",
    }
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    files[f"{info}/RECORD"] = (
        "".join(f"{path},sha256={digests[path]},{len(text)}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return out.getvalue()


def _source(name: str, base: str, marked: str) -> bytes:
    setup = (
        MARK.format(folder=marked, mark=f"{name}-built")
        + f"from setuptools import setup; setup(name={name!r}, version={SOURCE_VERSION!r})\n"
    )
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in (("PKG-INFO", _metadata(name, SOURCE_VERSION)), ("setup.py", setup)):
            entry = tarfile.TarInfo(f"{base}-{SOURCE_VERSION}/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def _metadata(name: str, version: str) -> str:
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in ("backend", "engine", "embedded", "plot"))
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{extras}"


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Path(sys.argv[2]), address=sys.argv[3], port=int(sys.argv[4])) as served:
        served.aloud = True
        threading.Event().wait()
