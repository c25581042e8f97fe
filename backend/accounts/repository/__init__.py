"""Storage of accounts: users and tokens in PostgreSQL, sessions in Redis."""
