"""Pure ASGI middlewares: which requests reach a route, and what every answer carries. Start in stack.py: it says in which order they stand."""
