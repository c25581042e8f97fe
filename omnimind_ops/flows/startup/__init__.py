"""The start of services, in both modes.

Start at bring_up.py; loop.py starts things in order, items.py defines them, log.py records every event.
"""
