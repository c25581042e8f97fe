"""Steps: one file for each kind, each with preview / do / undo. Start with host.py."""
