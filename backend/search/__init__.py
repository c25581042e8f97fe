"""/search: the chunks nearest to a question. Start in routes.py; service.py asks Qdrant."""
