"""/v1/embeddings, /v1/models and /embed: texts to vectors.

Start in routes.py. service.py asks the cache, then the engine.
"""
