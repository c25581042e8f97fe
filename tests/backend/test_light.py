"""Six workers start at once and stay small: what they import, and what they weigh after they were used."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from tests.backend.cluster import Cluster
from tests.services import ROOT

HEAVY = (
    "torch",
    "numpy",
    "openvino",
    "qiskit",
    "qiskit_aer",
    "transformers",
    "tokenizers",
    "qdrant_client",
    "sqlalchemy",
    "alembic",
    "pandas",
    "scipy",
    "pyinfra",
    "rich",
    "typer",
)
LATER = ("psycopg", "redis", "httpx", "argon2", "psutil", "pynvml")
MIB = 1024 * 1024


def test_the_import_is_light() -> None:
    script = f"import sys; import backend.main, backend.http.server; print(sorted({set(HEAVY + LATER)!r} & sys.modules.keys()))"
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WHAT = """
import asyncio, os, sys
from backend.main import create_app
from backend.settings import load
app = create_app(load(os.environ))
async def main():
    async with app.router.lifespan_context(app):
        pass
asyncio.run(main())
print(sorted(set(HEAVY) & sys.modules.keys()))
"""


def test_a_worker_that_has_opened_everything_still_has_nothing_heavy_in_memory() -> None:
    script = f"HEAVY = {HEAVY!r}\n{WHAT}"
    done = subprocess.run((sys.executable, "-W", "error", "-c", script), cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_worker_weighs_at_most_120_mb_after_it_was_used_for_everything(core: Cluster) -> None:
    name, password = core.people["reader"]
    with (
        core.another() as worker,
        core.logged_in("admin", worker) as admin,
        core.client(worker) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        process = core.workers[worker].running
        assert process
        jobs = [lambda: client.post("/auth/login", json={"name": name, "password": password}).status_code] * 16
        jobs += [lambda: client.post("/auth/login", json={"name": name, "password": "x" * 200}).status_code] * 8
        jobs += [
            lambda: (
                admin.post(
                    "/embed", content=b" " * 15_000_000, headers={"content-type": "application/json"}
                ).status_code
            )
        ] * 2
        for path in ("/system", "/users", "/tokens?all=true", "/metrics", "/health/", "/openapi.json"):
            jobs += [lambda path=path: admin.get(path).status_code] * 40  # type: ignore[misc]
        observed = set(pool.map(lambda job: job(), jobs))
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        rss = psutil.Process(process.pid).memory_info().rss / MIB
    assert observed <= {200, 401, 422}
    print(f"RSS of a used worker: {rss:.0f} MiB")
    assert rss <= 120
    assert not any(name in maps for name in ("libtorch", "openvino", "qiskit", "numpy"))
