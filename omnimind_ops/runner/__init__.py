"""The plan runner: applies a plan; it knows no service names.

Start with run.py (do in order, undo in reverse, redo half-done steps). journal.py stores the state of runs, history.py
reads it, lock.py allows only one change of this host at a time.
"""
