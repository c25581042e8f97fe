"""Schemas of the server's requests, and the errors for invalid ones.

The real server parses a body into a type and then validates it: a type mismatch returns 400 and "Format error", a value
out of bounds returns 422 and "Validation error". `types` and `compound` are the building blocks. Each other file
declares the requests of one noun with them, `position` finds a value's position in the body, `parameters` reads paths
and query strings.
"""
