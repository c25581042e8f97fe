"""Embeddings on the GPU by torch. gate.py asks in a child process whether the card works, without torch; runner.py
loads a model onto it.
"""
