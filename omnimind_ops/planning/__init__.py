"""Pure: Facts + Goal → Plan; no I/O, no clock. Start with migration.py."""
