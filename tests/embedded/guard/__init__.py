"""The guard on a whole small system. Start with watched.py and conftest.py."""
