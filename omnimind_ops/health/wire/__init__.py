"""PostgreSQL's and Redis' protocols spoken by hand, just enough to ask one real question: their libraries cost a health check 0.2 s of import."""
