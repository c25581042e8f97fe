"""Code shared by all routes: bodies, problems, timing, rate limits, the server.

Start in errors.py. The middlewares in middleware/ run before the routes.
"""
