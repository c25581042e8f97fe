"""One module per service, each with install(goal), configure(goal) and activate(goal). Start with redis.py; the order is in ../deploy.py."""

HIDDEN = ("/home/", "/root/", "/run/user/")
"""What ProtectHome=tmpfs empties: a folder below one of these must be bound into the service that needs it."""
