"""The embedded system: the stores as servers from Python wheels, here the Qdrant stand-in. Start with
qdrant/__main__.py.
"""
