"""`python -m backend.page`: serve the page on the socket from systemd or supervisor, or on 127.0.0.1:$OMNIMIND_PORT."""

from __future__ import annotations

import os

from backend.http.server import serve
from backend.page.app import Page
from backend.page.cluster import Cluster
from backend.page.files import read
from backend.settings import load
from omnimind_ops.paths import data

PORT = 3000

if __name__ == "__main__":
    settings = load(os.environ)
    page = Page(read(data("frontend")), Cluster(settings.backend_ports), settings.hosts)
    serve(page, int(os.environ.get("OMNIMIND_PORT", PORT)))
