"""Health of the services: whether they do useful work, not only run, and which recovery action to take.

Start at check.py; restart_policy.py decides for the guard, probes/ probes the services, one file per service.
"""
