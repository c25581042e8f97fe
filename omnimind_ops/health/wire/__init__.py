"""PostgreSQL's and Redis' protocols by hand, just enough for one real question.

Their libraries would cost a health check 0.2 s of import.
"""
