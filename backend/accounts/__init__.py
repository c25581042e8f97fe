"""Users, logins, sessions and API tokens.

Start in routes/ for /auth, /users and /tokens, and in access.py for the roles of routes. command.py implements
`omnimind user`.
"""
