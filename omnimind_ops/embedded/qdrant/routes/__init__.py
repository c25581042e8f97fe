"""One file per noun of the REST API; each defines its `ROUTES`. Handlers take a request and return the plain result."""
