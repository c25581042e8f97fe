"""The start of services, in both modes.

Start with bring_up.py; loop.py starts things in order, items.py says what they are, log.py keeps every event.
"""
