"""Embeddings on the GPU with torch.

gate.py checks in a child process, without torch, whether the GPU works; runner.py loads a model onto it.
"""
