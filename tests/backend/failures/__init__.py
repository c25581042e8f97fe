"""Stores, engine and workers killed and frozen. Start with breaking.py."""
