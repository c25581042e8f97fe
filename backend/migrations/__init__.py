"""The tables, as alembic revisions in versions/. `python -m backend.migrations` upgrades a database to HEAD.

SQLAlchemy is imported only here.
"""

from __future__ import annotations

HEAD = "0001"
"""The newest revision. Revisions are numbered, so that a worker can compare them without alembic.

A test checks it against versions/.
"""
