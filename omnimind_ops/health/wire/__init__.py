"""The protocols of PostgreSQL and Redis by hand, just enough for one real query.

Importing their libraries would add 0.2 s to a health check.
"""
