"""Scripts that run inside a test host; nothing here is imported outside."""
