"""How a host is changed; each operation compares one fact with what is wanted and yields commands only for what
differs.
"""
