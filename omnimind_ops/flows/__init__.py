"""Use cases; the commands call only these. wiring.py joins step kinds to their handlers."""
