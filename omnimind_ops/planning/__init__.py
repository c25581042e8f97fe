"""Planning: facts and goal in, Plan out. Pure: no I/O, no clock. Start with migration.py."""
