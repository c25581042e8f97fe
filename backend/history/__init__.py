"""What was done on this machine, read only: runs (migrations and recoveries, from the journal) and results of `omnimind
bench` (files).
"""
