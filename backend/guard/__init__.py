"""Who may talk to a worker, and how much: pure ASGI middlewares and the caller's identity. main.py says in which order they stand."""
