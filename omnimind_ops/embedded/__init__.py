"""The wheels as servers; here the Qdrant stand-in. Start with qdrant/__main__.py."""
