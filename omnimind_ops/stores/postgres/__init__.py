"""The native PostgreSQL: databases are parked under other names, never deleted before `finish`.

Start with parking.py.
"""
