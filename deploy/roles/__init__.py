"""One module per service, each with those of install(goal), configure(goal) and activate(goal) that it needs.

Start with qdrant.py; the order is in omnimind_ops/model/stages.py.
"""

HIDDEN = ("/home/", "/root/", "/run/user/")
"""What ProtectHome=tmpfs empties: a folder below one of these must be bound into the service that needs it."""
