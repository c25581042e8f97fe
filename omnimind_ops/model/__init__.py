"""Frozen dataclasses that all packages share; imports nothing from other packages of OmniMind.

Start with plan.py (what will be done) and run.py (how far it got).
"""
