"""Frozen nouns everybody speaks in; imports nothing of ours.

Start with plan.py (what will be done) and run.py (how far it got).
"""
