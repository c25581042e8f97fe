"""Applies a plan and knows no service names. Start with run.py (do in order, undo in reverse, redo what was half done);
journal.py keeps what it must never forget, history.py reads that back, lock.py lets only one change this host at a
time.
"""
