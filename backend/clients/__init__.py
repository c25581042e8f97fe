"""The clients of PostgreSQL, Redis, Qdrant and the engine. Start in pools.py: one set of them for a worker."""
