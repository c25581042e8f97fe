"""The verified copy. Start with conftest.py (the tree) and trees.py (comparing)."""
