"""Stores against real servers and real files."""
