"""Use case: measure this system, compare, require, save. Start at run.py; each case is a file of its own."""
