"""One file per first word of a URL; a route is its dependencies, a call and a schema."""
