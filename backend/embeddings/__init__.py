"""/v1/embeddings, /v1/models and /embed: embeddings of texts.

Start in routes.py. service.py asks the cache, then the engine.
"""
