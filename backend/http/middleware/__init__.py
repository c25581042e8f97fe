"""Pure ASGI middlewares: which requests reach a route, and what every answer carries.

Start in stack.py, which says in which order they stand.
"""
