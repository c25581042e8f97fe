"""One module per service, each with install(goal), configure(goal) and activate(goal). Start with redis.py; the order is in ../deploy.py."""
