"""Facts about a host: one shell command per fact, for any number of items."""
