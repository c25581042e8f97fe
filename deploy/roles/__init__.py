"""One module per service, with the stages it needs: install(goal), configure(goal), activate(goal).

Start with qdrant.py; the order is in omnimind_ops/model/stages.py.
"""

HIDDEN = ("/home/", "/root/", "/run/user/")
"""Paths hidden by ProtectHome=tmpfs. A folder below one of them must be bind-mounted into the service that needs it."""
