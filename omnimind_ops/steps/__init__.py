"""One file per kind of step, each with preview / do / undo. Start with host.py."""
