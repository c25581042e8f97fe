"""/documents: texts and files, split into chunks, embedded and stored.

Start in routes.py. service.py defines the order of writes to PostgreSQL and Qdrant.
"""
