"""Use case: measure this system, compare the result, check requirements, save it.

Start at run.py; each case has its own file.
"""
