"""The built page on its own port: static files, and where the backends are.

Start at __main__.py; what a browser is told stands in headers.py.
"""
