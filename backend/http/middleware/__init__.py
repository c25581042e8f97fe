"""Pure ASGI middlewares: which requests reach a route, and what every answer carries. main.py says in which order they stand."""
