"""Pure ASGI middlewares: which requests reach a route, and what every response carries.

Start in stack.py, which defines their order.
"""
