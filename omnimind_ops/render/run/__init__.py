"""The views of a run (live on a terminal, plain lines elsewhere; both from one board) and the output of its commands.

Start with output.py.
"""
