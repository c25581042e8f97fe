"""Is everything useful, not only alive, and what is to be done about it?

Start at check.py; policy.py decides for the guard, probes.py asks.
"""
