"""/documents: texts and files, cut into chunks, embedded and kept.

Start in routes.py. service.py says in which order PostgreSQL and Qdrant are written.
"""
