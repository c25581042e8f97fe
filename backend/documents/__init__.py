"""/documents: texts and files, cut into chunks, embedded and kept. Start in routes.py; service.py says in which order both stores are written."""
