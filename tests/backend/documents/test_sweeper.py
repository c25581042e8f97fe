"""The sweeper: one in each worker."""

from __future__ import annotations

import asyncio

from backend.documents import sweeper
from backend.main import create_app
from backend.settings import Settings


def test_a_worker_starts_one_sweeper() -> None:
    async def sweepers() -> list[str]:
        app = create_app(Settings())  # no store need run: it opens none of its connections
        async with app.router.lifespan_context(app):
            names = [getattr(task.get_coro(), "__name__", "") for task in asyncio.all_tasks()]
            return [name for name in names if name == sweeper._sweep_forever.__name__]

    assert len(asyncio.run(sweepers())) == 1
