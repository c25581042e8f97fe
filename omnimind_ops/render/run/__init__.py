"""A run at work (live on a terminal, plain lines elsewhere; both from one board) and what its commands print.

Start with output.py.
"""
