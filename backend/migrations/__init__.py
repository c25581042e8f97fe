"""The tables, as alembic revisions in versions/; `python -m backend.migrations` brings a database to HEAD.

Only here is SQLAlchemy imported.
"""

from __future__ import annotations

HEAD = "0001"
"""The newest revision; they are numbered, so that a worker can compare without alembic.

A test holds it to what versions/ says.
"""
