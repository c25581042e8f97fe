"""Health of the services: whether they do useful work, not only run, and which recovery action to take.

Start at check.py; policy.py decides for the guard, probes.py probes the services.
"""
