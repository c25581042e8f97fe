"""What every route shares: bodies, problems, timing, rate limits, the server.

Start in errors.py. middleware/ stands before the routes.
"""
