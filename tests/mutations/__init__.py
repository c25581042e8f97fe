"""One of everything that can be lost, changed or added in a copy, for each store; what `verify` must be told of.

Start at `mutation.py`. `redis.py`, `qdrant.py` and `files.py` each make a copy and list what they can do to it.
"""
