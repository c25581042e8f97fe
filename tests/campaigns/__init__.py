"""Campaigns: random trials in any number, each of which can be made again.

Start in result.py, then __main__.py; docs/campaigns.md says how to run and read them.
"""
