"""Clients of PostgreSQL, Redis, Qdrant and the engine. Start in pools.py: one set of clients per worker."""
