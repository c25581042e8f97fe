"""Backups of Qdrant. Start with backups.py and conftest.py."""
