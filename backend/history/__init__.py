"""History of this machine, read-only.

Runs (migrations and recoveries) come from the journal, results of `omnimind bench` from files.
"""
