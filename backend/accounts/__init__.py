"""Users, logins, sessions and API tokens.

Start in routes/ for /auth, /users and /tokens, in access.py for who may call a route. command.py is `omnimind user`.
"""
