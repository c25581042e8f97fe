"""The plan runner: applies a plan; it knows no service names.

Start with run.py (do in order, redo half-done steps) and rollback.py (undo in reverse). journal.py stores the state of runs, history.py
reads it, lock.py allows only one change of this host at a time.
"""
