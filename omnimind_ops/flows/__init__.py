"""Use cases: the commands call only these. wiring.py maps step kinds to their handlers."""
