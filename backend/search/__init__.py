"""/search: the chunks nearest to a query. Start in routes.py; service.py queries Qdrant."""
