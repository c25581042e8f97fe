"""The page in a real browser (Debian's Chromium) against a real embedded system.

Start at site.py, which is the system, and tab.py, which is one tab.
"""
