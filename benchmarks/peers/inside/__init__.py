"""Scripts that run inside a test host. Nothing here is imported outside."""
